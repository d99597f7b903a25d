import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Http } from "#platform/http/http.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient } from "#user-session/language/user-session.ts";
import { exchangeCode, refreshUserToken, revokeToken, type UserTokenPorts } from "#user-session/token-endpoint.ts";
import { userServer } from "#user-session/user-server.ts";
import { fixedNow } from "../../fixtures/integra-client.ts";
import {
  head,
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "../../fixtures/wire-server.ts";

const json = { "content-type": "application/json" };

/** The guide's own answer ("Generation of access token", "Response Payload"). */
const guideAnswer = {
  access_token: "eyJhbGciOiJSUzI1NiIsImtpZCI6InB1YmxpM",
  expires_in: 899,
  id_token: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImB1YmxpM",
  refresh_token: "nLtP_ZTEdz7QC16yVHZxfQMpWp6C-a7n4dC7Rcy__",
  scope: "openid offline",
  token_type: "bearer",
};
const issuedReply = (more: Record<string, unknown> = {}): WireReply =>
  says(200, json, JSON.stringify({ ...guideAnswer, ...more }));
const oauthError = (status: number, error: string, description = "no"): WireReply =>
  says(status, json, JSON.stringify({ error, error_description: description }));

const publicClient: OAuthClient = { id: "bridge", authentication: { method: "none" } };
const confidential = (method: "client_secret_post" | "client_secret_basic", secret = "s3cret"): OAuthClient => ({
  id: "bridge",
  authentication: { method, secret },
});

const formOf = (wire: WireServer) => Object.fromEntries(new URLSearchParams(wire.requests[0]?.body));
/** Undoes the form encoding of RFC 6749, appendix B. */
const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));
const tooLong: Http = () => Promise.reject(new DOMException("too long", "TimeoutError"));

describe("a user's token", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function given(reply: WireReply): Promise<{ ports: UserTokenPorts; wire: WireServer; unreadable: string[] }> {
    const wire = await startWireServer(() => reply);
    const watched = watchedHttp();
    open.push(watched, wire);
    const unreadable: string[] = [];
    const onUnreadable = (members: readonly string[]) => void unreadable.push(...members);
    const server = userServer({ baseUrl: wire.origin });
    return { ports: { server, http: watched.http, now: () => fixedNow, onUnreadable }, wire, unreadable };
  }
  async function faultOf(reply: WireReply, client = publicClient, token = "old-token"): Promise<Error> {
    const { ports } = await given(reply);
    const fault: unknown = await refreshUserToken(ports, client, token).catch((error: unknown) => error);
    if (fault instanceof Error) return fault;
    throw new Error("no fault");
  }

  describe("a token request", () => {
    it("a refresh token is sent as a form to the guide's URL", async () => {
      const { ports, wire } = await given(issuedReply());
      await refreshUserToken(ports, publicClient, "old/+ token");
      const [request] = wire.requests;
      expect(request?.method).toBe("POST");
      expect(request?.target).toBe("/integra/Oauth2/oauth2Login?provider=idx");
      expect(request?.headers).toMatchObject({
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
      });
      expect(formOf(wire)).toEqual({
        grant_type: "refresh_token",
        refresh_token: "old/+ token",
        client_id: "bridge",
      });
    });

    it("an authorization code is sent with the redirect URI and the code verifier of its request", async () => {
      const { ports, wire } = await given(issuedReply());
      const code = { code: "o0KE.code", redirectUri: "https://app.example/back", codeVerifier: "v".repeat(43) };
      expect((await exchangeCode(ports, publicClient, code)).refreshToken).toBe(guideAnswer.refresh_token);
      expect(formOf(wire)).toEqual({
        grant_type: "authorization_code",
        code: "o0KE.code",
        redirect_uri: "https://app.example/back",
        code_verifier: "v".repeat(43),
        client_id: "bridge",
      });
    });

    it("an authorization code is sent alone if its request had neither a redirect URI nor a code verifier", async () => {
      const { ports, wire } = await given(issuedReply());
      await exchangeCode(ports, publicClient, { code: "c" });
      expect(formOf(wire)).toEqual({ grant_type: "authorization_code", code: "c", client_id: "bridge" });
    });

    it("a client with client_secret_post sends its secret in the form only", async () => {
      const { ports, wire } = await given(issuedReply());
      await refreshUserToken(ports, confidential("client_secret_post"), "old");
      expect(formOf(wire)).toMatchObject({ client_id: "bridge", client_secret: "s3cret" });
      expect(wire.requests[0]?.headers).not.toHaveProperty("authorization");
    });

    it("a client with client_secret_basic sends its secret by HTTP Basic only", async () => {
      const { ports, wire } = await given(issuedReply());
      await refreshUserToken(ports, confidential("client_secret_basic", "a:b c&+é"), "old");
      const encoded = Buffer.from("bridge:a%3Ab+c%26%2B%C3%A9").toString("base64");
      expect(wire.requests[0]?.headers["authorization"]).toBe(`Basic ${encoded}`);
      expect(formOf(wire)).toEqual({ grant_type: "refresh_token", refresh_token: "old" });
    });

    it("HTTP Basic leaves unreserved characters as they are", async () => {
      const { ports, wire } = await given(issuedReply());
      await refreshUserToken(ports, confidential("client_secret_basic", "a-b.c_d~e"), "old");
      const encoded = Buffer.from("bridge:a-b.c_d~e").toString("base64");
      expect(wire.requests[0]?.headers["authorization"]).toBe(`Basic ${encoded}`);
    });

    it("a client with private_key_jwt sends a new assertion for the token endpoint each time, and no client id", async () => {
      const { ports, wire } = await given(issuedReply());
      let signed = 0;
      const signAssertion = (audience: URL) => Promise.resolve(`assertion-${(signed += 1)}-${audience.pathname}`);
      const client: OAuthClient = { id: "bridge", authentication: { method: "private_key_jwt", signAssertion } };
      for (const _ of [1, 2]) await refreshUserToken(ports, client, "old");
      const assertions = wire.requests.map(({ body }) => new URLSearchParams(body).get("client_assertion"));
      expect(assertions).toEqual([
        "assertion-1-/integra/Oauth2/oauth2Login",
        "assertion-2-/integra/Oauth2/oauth2Login",
      ]);
      expect(formOf(wire)).toEqual({
        grant_type: "refresh_token",
        refresh_token: "old",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertions[0],
      });
    });

    it("a refused assertion is quoted by no message", async () => {
      const signAssertion = vi.fn<() => Promise<string>>(() => Promise.resolve("header.PLANTED.signature"));
      const client: OAuthClient = { id: "bridge", authentication: { method: "private_key_jwt", signAssertion } };
      const fault = await faultOf(oauthError(400, "invalid_client", "header.PLANTED.signature is wrong"), client);
      expect(fault).toMatchObject({ name: "SessionDead", refusal: "client-refused" });
      expect(fault.message).not.toContain("PLANTED");
    });

    it("HTTP Basic preserves any client id and secret", async () => {
      const { ports, wire } = await given(issuedReply());
      const printable = fc.string({ unit: "grapheme", minLength: 1 });
      await fc.assert(
        fc.asyncProperty(printable, printable, async (id, secret) => {
          await refreshUserToken(ports, { id, authentication: { method: "client_secret_basic", secret } }, "old");
          const header = wire.requests.at(-1)?.headers["authorization"] ?? "";
          const [name = "", word = "", ...more] = Buffer.from(header.slice(6), "base64").toString().split(":");
          expect([formDecoded(name), formDecoded(word), more]).toEqual([id, secret, []]);
        }),
        { numRuns: 50 },
      );
    });
  });

  async function revoke(reply: WireReply): Promise<{ wire: WireServer; done: Promise<void> }> {
    const { ports, wire } = await given(reply);
    const url = new URL("/revoke", wire.origin);
    return { wire, done: revokeToken(ports, confidential("client_secret_post"), url, "refresh-1") };
  }

  describe("a revocation", () => {
    it("sends the refresh token with the client's credentials", async () => {
      const { wire, done } = await revoke(says(200, {}, ""));
      await done;
      expect(wire.requests[0]?.target).toBe("/revoke");
      expect(formOf(wire)).toEqual({
        token: "refresh-1",
        token_type_hint: "refresh_token",
        client_id: "bridge",
        client_secret: "s3cret",
      });
    });

    it.each([
      [401, "SessionDead"],
      [400, "ServerUnavailable"],
      [404, "ServerUnavailable"],
      [503, "ServerUnavailable"],
    ])("that the server answers with %d fails as %s", async (status, name) => {
      const { done } = await revoke(says(status, json, JSON.stringify({ error: "x", error_description: "refresh-1" })));
      await expect(done).rejects.toMatchObject({ name, message: expect.not.stringContaining("refresh-1") as string });
    });
  });

  describe("an issued token", () => {
    it("the guide's answer gives the tokens, the lifetime and the scope", async () => {
      const { ports } = await given(issuedReply());
      expect(await refreshUserToken(ports, publicClient, "old")).toEqual({
        accessToken: guideAnswer.access_token,
        refreshToken: guideAnswer.refresh_token,
        expiresInSeconds: 899,
        scope: "openid offline",
      });
    });

    it("the refresh token stays the same if the server issues no new one", async () => {
      const { ports } = await given(issuedReply({ refresh_token: undefined, scope: undefined }));
      expect(await refreshUserToken(ports, publicClient, "old")).toMatchObject({
        refreshToken: "old",
        scope: undefined,
      });
    });

    it.each([
      ["text", "899", 899],
      ["missing", undefined, 899],
    ])("an expires_in that is %s gives a lifetime of 899 s", async (_, expires_in, seconds) => {
      const { ports } = await given(issuedReply({ expires_in }));
      expect((await refreshUserToken(ports, publicClient, "old")).expiresInSeconds).toBe(seconds);
    });

    // E8
    it.each([null, 0, -1, "", "soon", {}])(
      "an expires_in that is %j gives a short lifetime, and the rotated refresh token is kept",
      async (expires_in) => {
        const { ports, unreadable } = await given(issuedReply({ expires_in }));
        expect(await refreshUserToken(ports, publicClient, "old")).toMatchObject({
          accessToken: guideAnswer.access_token,
          refreshToken: guideAnswer.refresh_token,
          expiresInSeconds: 300,
        });
        expect(unreadable).toEqual(expires_in === null ? [] : ["expires_in"]);
      },
    );

    it.each([
      ["a scope that is null", issuedReply({ scope: null })],
      ["an empty refresh token", issuedReply({ refresh_token: "" })],
      ["a refresh token that is null", issuedReply({ refresh_token: null })],
      ["no token type", issuedReply({ token_type: undefined })],
      ["the status 201", says(201, json, JSON.stringify(guideAnswer))],
      ["a byte order mark", says(200, json, `\ufeff${JSON.stringify(guideAnswer)}`)],
    ] satisfies [string, WireReply][])("the access token of an answer with %s counts", async (_, reply) => {
      const { ports } = await given(reply);
      const { accessToken } = await refreshUserToken(ports, publicClient, "old");
      expect(accessToken).toBe(guideAnswer.access_token);
    });

    it("a new refresh token without an access token is returned, whatever else the answer says", async () => {
      const replies = [
        issuedReply({ access_token: undefined }),
        issuedReply({ access_token: null, error: "server_error" }),
        says(200, json, JSON.stringify({ refresh_token: guideAnswer.refresh_token, error: "invalid_grant" })),
        says(500, json, JSON.stringify(guideAnswer)),
      ];
      for (const reply of replies) {
        const { ports } = await given(reply);
        expect(await refreshUserToken(ports, publicClient, "old")).toMatchObject({
          accessToken: undefined,
          refreshToken: guideAnswer.refresh_token,
        });
      }
    });

    it("a refusal that repeats the refresh token that was sent is a refusal", async () => {
      const reply = says(400, json, JSON.stringify({ error: "invalid_grant", refresh_token: "old-token" }));
      expect(await faultOf(reply)).toBeInstanceOf(SessionDead);
    });

    it("a code for which the server issues no refresh token is refused: it cannot keep a session", async () => {
      const { ports } = await given(issuedReply({ refresh_token: undefined }));
      await expect(exchangeCode(ports, publicClient, { code: "c" })).rejects.toMatchObject({
        name: "SessionDead",
        message: expect.stringContaining("offline") as string,
      });
    });
  });

  describe("a refused token request", () => {
    it.each([
      ["invalid_grant", oauthError(400, "invalid_grant"), "grant-refused"],
      ["invalid_grant under 401", oauthError(401, "invalid_grant"), "grant-refused"],
      ["invalid_grant under 200", oauthError(200, "invalid_grant"), "grant-refused"],
      ["invalid_grant under 403", oauthError(403, "invalid_grant"), "grant-refused"],
      ["a 400 without a body", says(400), "grant-refused"],
      ["Tomcat's 401", says(401, {}, "<html><h1>HTTP Status 401 - Access Denied</h1></html>"), "grant-refused"],
      ["invalid_client", oauthError(401, "invalid_client"), "client-refused"],
      ["unauthorized_client", oauthError(400, "unauthorized_client"), "client-refused"],
      ["unsupported_grant_type", oauthError(400, "unsupported_grant_type"), "client-refused"],
    ] satisfies [string, WireReply, string][])("%s ends the session", async (_, reply, refusal) => {
      expect(await faultOf(reply)).toMatchObject({ name: "SessionDead", refusal });
    });

    it("the fault of a refusal repeats the server's reason", async () => {
      const { message } = await faultOf(oauthError(400, "invalid_grant", "the refresh token is not active"));
      expect(message).toBe("the token endpoint answered HTTP 400: invalid_grant: the refresh token is not active");
    });

    it.each(["client_secret_post", "client_secret_basic"] as const)(
      "the fault of a refusal redacts the credentials that were sent by %s",
      async (method) => {
        const text = "token nLtP_ZTEdz7 of client s3cret-word is inactive (YnJpZGdlOnMzY3JldC13b3Jk)";
        const { message } = await faultOf(
          oauthError(400, "invalid_grant", text),
          confidential(method, "s3cret-word"),
          "nLtP_ZTEdz7",
        );
        expect(message).toContain("token [redacted] of client [redacted] is inactive ([redacted])");
      },
    );
  });

  describe("a token request with neither a token nor a refusal", () => {
    it.each([
      ["a 500", says(500)],
      ["a 502 of a proxy", says(502, {}, "<html><title>Bad Gateway</title></html>")],
      ["a 503", says(503)],
      ["a 429", says(429)],
      ["a 500 with OAuth's error", oauthError(500, "server_error")],
      ["temporarily_unavailable under 400", oauthError(400, "temporarily_unavailable")],
      ["a proxy's 403", says(403, {}, "<html><h1>Forbidden</h1></html>")],
      ["a 404", says(404)],
      ["a redirect to the login page", says(302, { location: "/login" })],
      ["a login page", says(200, { "content-type": "text/html" }, "<html>IntegraConnect</html>")],
      ["a 200 without a token", says(200, json, "{}")],
      ["an empty token", issuedReply({ access_token: "", refresh_token: undefined })],
      ["a cut body", { bytes: Buffer.concat([head(200, { "content-length": "99" }), Buffer.from("{")]), end: "reset" }],
      ["no answer at all", { bytes: Buffer.alloc(0), end: "reset" }],
      ["an answer that is not HTTP", { bytes: Buffer.from("garbage\r\n\r\n"), end: "close" }],
    ] satisfies [string, WireReply][])("%s does not end the session", async (_, reply) => {
      const fault = await faultOf(reply);
      expect(fault).toBeInstanceOf(ServerUnavailable);
      expect(fault).not.toBeInstanceOf(SessionDead);
    });

    it("a token request without an answer in time does not end the session", async () => {
      const { ports } = await given(says(200));
      await expect(refreshUserToken({ ...ports, http: tooLong }, publicClient, "old")).rejects.toMatchObject({
        name: "ServerUnavailable",
        message: "the token endpoint did not answer within 10 s",
      });
    });

    it("the fault of a busy token endpoint carries its Retry-After", async () => {
      expect(await faultOf(says(429, { "retry-after": "120" }))).toMatchObject({ retryAfterMs: 120_000 });
    });

    it("a failed token request is not retried here", async () => {
      const { ports, wire } = await given(says(503));
      await expect(refreshUserToken(ports, publicClient, "old")).rejects.toBeInstanceOf(ServerUnavailable);
      expect(wire.requests).toHaveLength(1);
    });
  });
});
