import { describe, expect, it } from "vitest";
import { addSession, clientMaterial, type SessionMaterial, type SessionPorts } from "#cli/session/session-material.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { OAuthClient, SessionSecret } from "#user-session/language/user-session.ts";
import type { AuthorizationCode } from "#user-session/token-endpoint.ts";

const material: SessionMaterial = {
  grant: "refresh_token",
  clientId: "bridge",
  authMethod: "client_secret_post",
  redirectUri: undefined,
  lines: "token-1\nsecret-1\n",
};
const code = { ...material, grant: "authorization_code" as const, lines: "code-1\nsecret-1\n" };

const brokenPut = () => Promise.reject(Object.assign(new Error("refused refreshed"), { name: "AccessDenied" }));

function fixture(more: Partial<SessionPorts> = {}) {
  const exchanged: [OAuthClient, AuthorizationCode][] = [];
  const happened: string[] = [];
  const put: SessionSecret[] = [];
  const ports: SessionPorts = {
    secretName: "bridge/user-session",
    checkSecret: () => Promise.resolve(void happened.push("secret checked")),
    exchange: (...request) => {
      happened.push("exchanged");
      exchanged.push(request);
      return Promise.resolve({ refreshToken: "refreshed" });
    },
    put: (session) => Promise.resolve(void put.push(session)),
    ...more,
  };
  const secretOf = async (input: SessionMaterial) => {
    await addSession(ports, input);
    return put[0];
  };
  return { exchanged, happened, secretOf };
}

describe("addSession", () => {
  it("a session is stored with the operator's refresh token as it is, without a request to the token endpoint", async () => {
    const { secretOf, exchanged } = fixture();
    expect(await secretOf(material)).toEqual({
      refresh_token: "token-1",
      client_id: "bridge",
      client_secret: "secret-1",
      auth_method: "client_secret_post",
    });
    expect(exchanged).toEqual([]);
  });

  it("a code is exchanged, and the session is stored with the issued refresh token", async () => {
    const { secretOf, exchanged } = fixture();
    const lines = `${code.lines}v\n`;
    const secret = await secretOf({ ...code, redirectUri: "https://app.example/back", lines });
    expect(secret).toMatchObject({ refresh_token: "refreshed", client_secret: "secret-1" });
    expect(exchanged).toEqual([
      [
        { id: "bridge", authentication: { method: "client_secret_post", secret: "secret-1" } },
        { code: "code-1", redirectUri: "https://app.example/back", codeVerifier: "v" },
      ],
    ]);
  });

  it("the session of a public client is stored without a client secret", async () => {
    const { secretOf, exchanged } = fixture();
    const secret = await secretOf({ ...code, authMethod: "none", lines: "code-1\n" });
    expect(secret).toEqual({ refresh_token: "refreshed", client_id: "bridge", auth_method: "none" });
    expect(exchanged[0]).toEqual([{ id: "bridge", authentication: { method: "none" } }, { code: "code-1" }]);
  });

  it("the existence of the secret is checked before the exchange of a code, and not for a refresh token", async () => {
    const byCode = fixture();
    await byCode.secretOf(code);
    expect(byCode.happened).toEqual(["secret checked", "exchanged"]);
    const byToken = fixture();
    await byToken.secretOf(material);
    expect(byToken.happened).toEqual([]);
    const withoutSecret = fixture({ checkSecret: () => Promise.reject(new Error("no such secret")) });
    await expect(withoutSecret.secretOf(code)).rejects.toThrow("no such secret");
    expect(withoutSecret.exchanged).toEqual([]);
  });

  it.each<[string, Partial<SessionPorts>, string]>([
    [
      "its session cannot be stored",
      { put: brokenPut },
      "stored in bridge/user-session (AccessDenied). Remove the cause",
    ],
    [
      "the token endpoint did not answer",
      { exchange: () => Promise.reject(new ServerUnavailable("the token endpoint did not answer in time")) },
      "did not answer in time: the code may be used up",
    ],
  ])(
    "a code that is used up without a session, because %s, ends in an error that says what to do",
    async (_, broken, words) => {
      const fault = await fixture(broken)
        .secretOf(code)
        .catch((error: unknown) => error);
      expect(fault).toMatchObject({ name: "CodeUsedUp", message: expect.stringContaining(words) as string });
      expect((fault as Error).message).toContain("a new code");
      expect((fault as Error).message).not.toMatch(/refreshed|code-1|secret-1/);
    },
  );

  it.each<[string, Partial<SessionMaterial>, string]>([
    ["without a token", { lines: "\n" }, "refresh_token is empty"],
    ["without a code", { grant: "authorization_code", lines: "" }, "the authorization code is empty"],
    ["without a secret that its method needs", { lines: "token-1" }, "client_secret is missing"],
    ["with a secret for a method without secrets", { authMethod: "none" }, "client_secret is present"],
    ["without a method", { authMethod: undefined }, "auth_method must be"],
  ])("input %s is refused before the exchange of a code, without a value in the message", async (_, part, words) => {
    const { secretOf, exchanged } = fixture();
    const fault = await secretOf({ ...code, ...material, ...part }).catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: "SessionMaterialUnusable", message: expect.stringContaining(words) as string });
    expect((fault as Error).message).not.toMatch(/token-1|secret-1|code-1/);
    expect(exchanged).toEqual([]);
  });
});

describe("the client of SMART launches", () => {
  it("is the operator's input, with a secret if its method needs one", () => {
    const input = { clientId: "bridge", authMethod: "client_secret_post", lines: "s3cret\n" };
    expect(clientMaterial(input)).toEqual({
      client_id: "bridge",
      client_secret: "s3cret",
      auth_method: "client_secret_post",
    });
    expect(clientMaterial({ ...input, authMethod: "none", lines: "" })).toEqual({
      client_id: "bridge",
      auth_method: "none",
    });
    expect(() => clientMaterial({ ...input, lines: "" })).toThrow("client_secret is missing");
    expect(() => clientMaterial({ ...input, authMethod: "other" })).toThrow("auth_method must be");
  });
});
