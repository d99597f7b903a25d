import { describe, expect, it } from "vitest";
import { revokeSession } from "#user-session/links/revoke-session.ts";
import { answeringHttp } from "../../../fixtures/answering-http.ts";

const tokenUrl = "https://login.example/token";
const revocationUrl = "https://login.example/revoke";

function revoking(status: number) {
  const http = answeringHttp(() => ({ status, body: {} }));
  const warned: unknown[] = [];
  const revoke = revokeSession({
    http,
    server: { signInOrigins: new Set(["https://login.example"]) },
    readClient: () => Promise.resolve({ id: "bridge", authentication: { method: "client_secret_basic", secret: "s" } }),
    log: { info: () => undefined, warn: (code) => warned.push(code), error: () => undefined },
    now: () => 0,
  });
  return { http, warned, revoke };
}

describe("the revocation of a session", () => {
  it("sends the refresh token to the revocation endpoint", async () => {
    const { http, revoke } = revoking(200);
    expect(await revoke({ tokenUrl, revocationUrl }, "refresh-1")).toBe("revoked");
    expect(http.requests.map(({ url, body }) => [url.href, body])).toEqual([
      [revocationUrl, "token=refresh-1&token_type_hint=refresh_token"],
    ]);
  });

  it.each([400, 401, 503])("that the server answers with %i has failed, and the log says so", async (status) => {
    const { warned, revoke } = revoking(status);
    expect(await revoke({ tokenUrl, revocationUrl }, "refresh-1")).toBe("failed");
    expect(warned).toEqual(["LINK_TOKEN_UNREVOKED"]);
  });

  it("sends nothing if the server offers none, or if its origin is not configured any more", async () => {
    const { http, revoke } = revoking(200);
    expect(await revoke({ tokenUrl, revocationUrl: null }, "refresh-1")).toBe("not-offered");
    expect(await revoke({ tokenUrl, revocationUrl: "https://elsewhere.example/revoke" }, "refresh-1")).toBe("failed");
    expect(http.requests).toEqual([]);
  });
});
