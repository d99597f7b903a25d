import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { readTokenAnswer, type TokenAnswer } from "#platform/http/token-answer.ts";
import { tokenReplies } from "../../../fixtures/token-answers.ts";

const read = (status: number, body: string): Promise<TokenAnswer> =>
  readTokenAnswer({ status, headers: {}, body: Readable.from([Buffer.from(body)]) }, 0);
const right = { access_token: "a1", token_type: "bearer", expires_in: 899, refresh_token: "r1", scope: "openid" };
const changed = (more: object): Promise<TokenAnswer> => read(200, JSON.stringify({ ...right, ...more }));

async function* broken() {
  yield await Promise.resolve(Buffer.from("{"));
  throw new Error("cut");
}

const cut = () => Readable.from(broken());

describe("the answer of a token endpoint", () => {
  it.each([200, 201, 202, 206])("an answer gives its tokens with the status %d", async (status) => {
    expect(await read(status, JSON.stringify(right))).toMatchObject({
      accessToken: "a1",
      refreshToken: "r1",
      lifetimeSeconds: 899,
      scope: "openid",
      refused: undefined,
    });
  });

  // E20
  it("an answer may begin with a byte order mark", async () => {
    expect((await read(200, `\ufeff${JSON.stringify(right)}`)).accessToken).toBe("a1");
  });

  // E8
  it.each([
    ["899", 899],
    [899.9, 899],
    [null, 300],
    [0, 300],
    [0.5, 300],
    [-1, 300],
    ["", 300],
    ["soon", 300],
    [{}, 300],
    [[899], 300],
    [1e308, 86_400],
    [undefined, undefined],
  ])("an answer with the expires_in %j has the lifetime %s", async (expires_in, lifetimeSeconds) => {
    expect(await changed({ expires_in })).toMatchObject({ accessToken: "a1", refreshToken: "r1" });
    expect((await changed({ expires_in })).lifetimeSeconds).toBe(lifetimeSeconds);
  });

  it.each([
    [["openid", "offline"], "openid offline"],
    [["openid", 1, null], "openid"],
    [null, undefined],
    [{}, undefined],
    [7, undefined],
  ])("an answer with the scope %j has the scope %s", async (scope, text) => {
    expect(await changed({ scope })).toMatchObject({ accessToken: "a1", refreshToken: "r1", scope: text });
  });

  it.each([null, "", " ", 7, {}, [], ["a1", "a2"], "a\nb", "ä"])(
    "an answer with the access_token %j has no access token, but keeps its refresh token",
    async (access_token) => {
      expect(await changed({ access_token })).toMatchObject({ accessToken: undefined, refreshToken: "r1" });
    },
  );

  it.each([null, "", " ", 7, {}, [], ["r1", "r2"]])(
    "an answer with the refresh_token %j has no refresh token",
    async (refresh_token) => {
      expect(await changed({ refresh_token })).toMatchObject({ accessToken: "a1", refreshToken: undefined });
    },
  );

  it("an answer names the members that say something that cannot be read", async () => {
    const odd = { access_token: {}, refresh_token: 7, expires_in: "soon", scope: {} };
    expect((await changed(odd)).unreadable).toEqual(["access_token", "refresh_token", "expires_in", "scope"]);
    const unsaid = { access_token: null, refresh_token: null, expires_in: null, scope: null };
    expect((await changed(unsaid)).unreadable).toEqual([]);
    expect((await read(200, "{}")).unreadable).toEqual([]);
    expect((await read(500, JSON.stringify(right))).unreadable).toEqual([]);
  });

  it("an answer with an error status has no access token, but keeps its refresh token", async () => {
    expect(await read(500, JSON.stringify(right))).toMatchObject({ accessToken: undefined, refreshToken: "r1" });
  });

  // E9
  it.each([200, 201, 302, 400, 401, 403, 500, 503])(
    "an answer with a final OAuth error and the status %d is a refusal",
    async (status) => {
      expect((await read(status, '{"error":"invalid_client"}')).refused).toBe("client");
      expect((await read(status, '{"error":"invalid_grant"}')).refused).toBe("grant");
      expect((await read(status, '{"error":"server_error"}')).refused).toBeUndefined();
      expect((await read(status, '{"error":"weird_error"}')).refused).toBeUndefined();
    },
  );

  it("an answer with any members is read", async () => {
    await fc.assert(
      fc.asyncProperty(tokenReplies, async ({ status, members, answer }) => {
        const { accessToken, refreshToken, lifetimeSeconds } = await readTokenAnswer(answer(), 0);
        const issued = status < 300 && members["access_token"] === "access-1";
        expect(accessToken === "access-1").toBe(issued);
        expect(refreshToken === "refresh-1").toBe(members["refresh_token"] === "refresh-1");
        expect([undefined, true]).toContain(lifetimeSeconds && lifetimeSeconds >= 1 && lifetimeSeconds <= 86_400);
      }),
      { numRuns: 300 },
    );
  });

  it("an answer that is cut is an outage with a 2xx, and a refusal with another status", async () => {
    await expect(readTokenAnswer({ status: 200, headers: {}, body: cut() }, 0)).rejects.toBeInstanceOf(
      ServerUnavailable,
    );
    expect((await readTokenAnswer({ status: 401, headers: {}, body: cut() }, 0)).refusal.status).toBe(401);
  });
});
