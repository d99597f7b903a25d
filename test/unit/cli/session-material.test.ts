import { describe, expect, it } from "vitest";
import { addSession, type SessionMaterial, type SessionPorts } from "#cli/session-material.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { OAuthClient, SessionSecret } from "#user-session/language/user-session.ts";
import type { AuthorizationCode } from "#user-session/token-endpoint.ts";

const material: SessionMaterial = {
  grant: "refresh_token",
  clientId: "bridge",
  authMethod: "client_secret_post",
  redirectUri: undefined,
  codeVerifier: undefined,
  lines: "token-1\nsecret-1\n",
};
const code = { ...material, grant: "authorization_code" as const, lines: "code-1\nsecret-1\n" };

const brokenPut = () => Promise.reject(Object.assign(new Error("refused refreshed"), { name: "AccessDenied" }));

function given(more: Partial<SessionPorts> = {}) {
  const exchanged: [OAuthClient, AuthorizationCode][] = [];
  const happened: string[] = [];
  const put: SessionSecret[] = [];
  const ports: SessionPorts = {
    place: "bridge/user-session",
    findPlace: () => Promise.resolve(void happened.push("place found")),
    exchange: (...asked) => {
      happened.push("exchanged");
      exchanged.push(asked);
      return Promise.resolve({ refreshToken: "refreshed" });
    },
    put: (session) => Promise.resolve(void put.push(session)),
    ...more,
  };
  const secretOf = async (brought: SessionMaterial) => {
    await addSession(ports, brought);
    return put[0];
  };
  return { exchanged, happened, secretOf };
}

describe("a session that an operator brings", () => {
  it("by its refresh token is put as it is, and nobody is asked", async () => {
    const { secretOf, exchanged } = given();
    expect(await secretOf(material)).toEqual({
      refresh_token: "token-1",
      client_id: "bridge",
      client_secret: "secret-1",
      auth_method: "client_secret_post",
    });
    expect(exchanged).toEqual([]);
  });

  it("by a code is put with the refresh token that the code was exchanged for", async () => {
    const { secretOf, exchanged } = given();
    const secret = await secretOf({ ...code, redirectUri: "https://app.example/back", codeVerifier: "v" });
    expect(secret).toMatchObject({ refresh_token: "refreshed", client_secret: "secret-1" });
    expect(exchanged).toEqual([
      [
        { id: "bridge", authentication: { method: "client_secret_post", secret: "secret-1" } },
        { code: "code-1", redirectUri: "https://app.example/back", codeVerifier: "v" },
      ],
    ]);
  });

  it("for a public client has no secret", async () => {
    const { secretOf, exchanged } = given();
    const secret = await secretOf({ ...code, authMethod: "none", lines: "code-1\n" });
    expect(secret).toEqual({ refresh_token: "refreshed", client_id: "bridge", auth_method: "none" });
    expect(exchanged[0]).toEqual([{ id: "bridge", authentication: { method: "none" } }, { code: "code-1" }]);
  });

  it("by a code has a place before the code is used up, by its refresh token needs nobody to look", async () => {
    const byCode = given();
    await byCode.secretOf(code);
    expect(byCode.happened).toEqual(["place found", "exchanged"]);
    const byToken = given();
    await byToken.secretOf(material);
    expect(byToken.happened).toEqual([]);
    const nowhere = given({ findPlace: () => Promise.reject(new Error("no such secret")) });
    await expect(nowhere.secretOf(code)).rejects.toThrow("no such secret");
    expect(nowhere.exchanged).toEqual([]);
  });

  it.each<[string, Partial<SessionPorts>, string]>([
    ["its session cannot be put", { put: brokenPut }, "put into bridge/user-session (AccessDenied): see to that"],
    [
      "the token endpoint gave no clear answer",
      { exchange: () => Promise.reject(new ServerUnavailable("the token endpoint did not answer in time")) },
      "did not answer in time: the code may be used up",
    ],
  ])("by a code that is used up in vain, because %s, says so and what to do", async (_, broken, words) => {
    const fault = await given(broken)
      .secretOf(code)
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: "CodeUsedUp", message: expect.stringContaining(words) as string });
    expect((fault as Error).message).toContain("another");
    expect((fault as Error).message).not.toMatch(/refreshed|code-1|secret-1/);
  });

  it.each<[string, Partial<SessionMaterial>, string]>([
    ["without a token", { lines: "\n" }, "refresh_token is empty"],
    ["without a code", { grant: "authorization_code", lines: "" }, "the authorization code is empty"],
    ["without a secret that its method needs", { lines: "token-1" }, "client_secret is missing"],
    ["with a secret that its method has no use for", { authMethod: "none" }, "client_secret is present"],
    ["without a method", { authMethod: undefined }, "auth_method must be"],
  ])("is refused %s before a code is used up, and no value is repeated", async (_, part, words) => {
    const { secretOf, exchanged } = given();
    const fault = await secretOf({ ...code, ...material, ...part }).catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: "SessionMaterialUnusable", message: expect.stringContaining(words) as string });
    expect((fault as Error).message).not.toMatch(/token-1|secret-1|code-1/);
    expect(exchanged).toEqual([]);
  });
});
