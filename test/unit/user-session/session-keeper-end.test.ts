import { describe, expect, it } from "vitest";
import { granted, keptSession, refused, sessionId, start, tokensOf } from "../../fixtures/kept-session.ts";

describe("a dead session", () => {
  it("is told with the server's words and what to do, at once and without another request", async () => {
    const setting = keptSession([refused()]);
    const first = await setting.faultOf();
    expect(first).toMatchObject({ name: "SessionDead", refusal: "grant-refused" });
    expect((first as Error).message).toMatch(/invalid_grant\. Renew the session: .*npm run session/);
    for (let call = 0; call < 3; call += 1) {
      expect(await setting.faultOf()).toMatchObject({
        name: "SessionDead",
        message: (first as Error).message,
      });
    }
    expect(setting.brought).toHaveLength(1);
    expect(setting.slept).toEqual([]);
  });

  it("is noticed by everybody who meets it, and known to be told once it was", async () => {
    const setting = keptSession([refused()]);
    const { message } = (await setting.faultOf()) as Error;
    const death = { id: sessionId, at: start, refusal: "grant-refused", words: message };
    await setting.faultOf();
    await setting.ports.store.markTold(sessionId, start);
    await setting.faultOf();
    expect(setting.met).toEqual([false, false, true].map((told) => ({ ...death, told })));
  });

  it("that was revived and dies again is told again", async () => {
    const setting = keptSession([refused(), refused()]);
    await setting.faultOf();
    await setting.ports.store.markTold(sessionId, start);
    setting.clock.now += 1_000;
    setting.put({});
    await setting.faultOf();
    expect(setting.met).toMatchObject([
      { at: start, told: false },
      { at: start + 1_000, told: false },
    ]);
  });

  it("lives again with the refresh token of a newer secret", async () => {
    const setting = keptSession([granted(1), refused(), granted(9)]);
    await setting.token();
    setting.clock.now += 900_000;
    await setting.faultOf();
    setting.put({ refresh_token: "new" });
    expect(await setting.token()).toBe("t9");
    expect(tokensOf(setting)).toEqual(["r0", "r1", "new"]);
  });

  it("whose client was refused goes on with its newest token when the client is put right", async () => {
    const setting = keptSession([granted(1), refused("client-refused"), granted(2)]);
    await setting.token();
    setting.clock.now += 900_000;
    expect(await setting.faultOf()).toMatchObject({
      refusal: "client-refused",
      message: expect.stringMatching(/Check client_id, client_secret and auth_method/) as string,
    });
    setting.put({ client_secret: "corrected" });
    expect(await setting.token()).toBe("t2");
    expect(setting.brought.at(-1)).toEqual({
      refreshToken: "r1",
      client: { id: "bridge", authentication: { method: "client_secret_post", secret: "corrected" } },
    });
  });

  it("costs one request for each time that the same secret is put again", async () => {
    const setting = keptSession([refused(), refused()]);
    await setting.faultOf();
    setting.put({});
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(setting.brought).toHaveLength(2);
  });

  it("gives no token any more, not even one that has not expired", async () => {
    const setting = keptSession([granted(1), refused()]);
    await setting.token();
    setting.clock.now += 60_000;
    expect(await setting.faultOf("t1")).toMatchObject({ name: "SessionDead" });
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
  });

  it("stays dead for an older secret", async () => {
    const setting = keptSession([refused()]);
    await setting.faultOf();
    setting.put({ refresh_token: "older" }, start - 2_000);
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(setting.brought).toHaveLength(1);
  });
});

describe("the operator's secret", () => {
  it("that is newer replaces a chain that lives, at its next refresh", async () => {
    const setting = keptSession([granted(1), granted(9), granted(10)]);
    await setting.token();
    setting.clock.now += 900_000;
    setting.put({ refresh_token: "new" });
    expect(await setting.token()).toBe("t9");
    setting.clock.now += 900_000;
    expect(await setting.token()).toBe("t10");
    expect(tokensOf(setting)).toEqual(["r0", "new", "r9"]);
  });

  it("that is older replaces nothing, and its client is not used with a newer chain", async () => {
    const setting = keptSession([granted(1)]);
    await setting.token();
    setting.clock.now += 900_000;
    setting.put({ refresh_token: "older" }, start - 2_000);
    expect(await setting.faultOf()).toMatchObject({
      name: "SessionSecretUnusable",
      message: expect.stringContaining("put it again") as string,
    });
    expect(setting.record()).toMatchObject({ refreshToken: "r1", claim: undefined });
  });

  it("that cannot be used is told by field, and nothing is asked of the server", async () => {
    const setting = keptSession([]);
    setting.put({ auth_method: "password" });
    expect(await setting.faultOf()).toMatchObject({
      name: "SessionSecretUnusable",
      message: expect.stringContaining("auth_method") as string,
    });
    expect(setting.brought).toEqual([]);
  });
});
