import { describe, expect, it } from "vitest";
import {
  issuedTokens,
  sentTokensOf,
  sessionDead,
  sessionId,
  sessionUnderTest,
  start,
} from "../../fixtures/session-under-test.ts";

describe("a session that has ended", () => {
  it("an ended session fails each call at once with the server's reason and a remedy, without another token request", async () => {
    const setting = sessionUnderTest([sessionDead()]);
    const first = await setting.faultOf();
    expect(first).toMatchObject({ name: "SessionDead", refusal: "grant-refused" });
    expect((first as Error).message).toMatch(/invalid_grant\. Renew the session: .*npm run session/);
    for (let call = 0; call < 3; call += 1) {
      expect(await setting.faultOf()).toMatchObject({
        name: "SessionDead",
        message: (first as Error).message,
      });
    }
    expect(setting.tokenRequests).toHaveLength(1);
    expect(setting.pauses).toEqual([]);
  });

  it("each call reports the end of the session, and sees whether it was published", async () => {
    const setting = sessionUnderTest([sessionDead()]);
    const { message } = (await setting.faultOf()) as Error;
    const end = { id: sessionId, at: start, refusal: "grant-refused", message };
    await setting.faultOf();
    await setting.ports.store.markEndPublished(sessionId, start);
    await setting.faultOf();
    expect(setting.reportedEnds).toEqual([false, false, true].map((published) => ({ ...end, published })));
  });

  it("a session that was reopened and ends again has a new end to publish", async () => {
    const setting = sessionUnderTest([sessionDead(), sessionDead()]);
    await setting.faultOf();
    await setting.ports.store.markEndPublished(sessionId, start);
    setting.clock.now += 1_000;
    setting.put({});
    await setting.faultOf();
    expect(setting.reportedEnds).toMatchObject([
      { at: start, published: false },
      { at: start + 1_000, published: false },
    ]);
  });

  it("an ended session is reopened by the refresh token of a newer secret", async () => {
    const setting = sessionUnderTest([issuedTokens(1), sessionDead(), issuedTokens(9)]);
    await setting.token();
    setting.clock.now += 900_000;
    await setting.faultOf();
    setting.put({ refresh_token: "new" });
    expect(await setting.token()).toBe("t9");
    expect(sentTokensOf(setting)).toEqual(["r0", "r1", "new"]);
  });

  it("a session whose client was refused continues with its newest refresh token after the client is corrected", async () => {
    const setting = sessionUnderTest([issuedTokens(1), sessionDead("client-refused"), issuedTokens(2)]);
    await setting.token();
    setting.clock.now += 900_000;
    expect(await setting.faultOf()).toMatchObject({
      refusal: "client-refused",
      message: expect.stringMatching(/Check client_id, client_secret and auth_method/) as string,
    });
    setting.put({ client_secret: "corrected" });
    expect(await setting.token()).toBe("t2");
    expect(setting.tokenRequests.at(-1)).toEqual({
      refreshToken: "r1",
      client: { id: "bridge", authentication: { method: "client_secret_post", secret: "corrected" } },
    });
  });

  it("storing the same secret again costs one token request each time", async () => {
    const setting = sessionUnderTest([sessionDead(), sessionDead()]);
    await setting.faultOf();
    setting.put({});
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(setting.tokenRequests).toHaveLength(2);
  });

  it("an ended session gives no token, not even one that has not expired", async () => {
    const setting = sessionUnderTest([issuedTokens(1), sessionDead()]);
    await setting.token();
    setting.clock.now += 60_000;
    expect(await setting.faultOf("t1")).toMatchObject({ name: "SessionDead" });
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
  });

  it("an older secret does not reopen an ended session", async () => {
    const setting = sessionUnderTest([sessionDead()]);
    await setting.faultOf();
    setting.put({ refresh_token: "older" }, start - 2_000);
    expect(await setting.faultOf()).toMatchObject({ name: "SessionDead" });
    expect(setting.tokenRequests).toHaveLength(1);
  });
});

describe("the operator's secret", () => {
  it("a newer secret replaces the chain of a live session at its next refresh", async () => {
    const setting = sessionUnderTest([issuedTokens(1), issuedTokens(9), issuedTokens(10)]);
    await setting.token();
    setting.clock.now += 900_000;
    setting.put({ refresh_token: "new" });
    expect(await setting.token()).toBe("t9");
    setting.clock.now += 900_000;
    expect(await setting.token()).toBe("t10");
    expect(sentTokensOf(setting)).toEqual(["r0", "new", "r9"]);
  });

  it("an older secret replaces no chain, and its client is not used with a newer chain", async () => {
    const setting = sessionUnderTest([issuedTokens(1)]);
    await setting.token();
    setting.clock.now += 900_000;
    setting.put({ refresh_token: "older" }, start - 2_000);
    expect(await setting.faultOf()).toMatchObject({
      name: "SessionSecretUnusable",
      message: expect.stringContaining("store the newest secret again") as string,
    });
    expect(setting.record()).toMatchObject({ refreshToken: "r1", claim: undefined });
  });

  it("a fault of the secret names the field, and no token request is sent", async () => {
    const setting = sessionUnderTest([]);
    setting.put({ auth_method: "password" });
    expect(await setting.faultOf()).toMatchObject({
      name: "SessionSecretUnusable",
      message: expect.stringContaining("auth_method") as string,
    });
    expect(setting.tokenRequests).toEqual([]);
  });
});
