import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestOf } from "#user-session/language/digest.ts";
import { authorizationRequestUrl, newLoginSecrets } from "#user-session/smart/authorization-request.ts";

const request = {
  authorizationUrl: new URL("https://login.example/authorize?tenant=7"),
  clientId: "bridge",
  redirectUrl: "https://api.example/smart/callback",
  scopes: ["openid", "fhirUser", "offline_access"],
  audience: "https://fhir.example/r4",
  secrets: newLoginSecrets(),
};

const promptOf = (scopes: string[]) => authorizationRequestUrl({ ...request, scopes }).searchParams.get("prompt");

describe("an authorization request", () => {
  it("has the parameters of a standalone launch, and those of the endpoint's own URL", () => {
    const { state, nonce, codeVerifier } = request.secrets;
    const url = authorizationRequestUrl(request);
    expect(url.origin + url.pathname).toBe("https://login.example/authorize");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "7",
      response_type: "code",
      client_id: "bridge",
      redirect_uri: request.redirectUrl,
      scope: "openid fhirUser offline_access",
      state,
      nonce,
      aud: request.audience,
      code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
      code_challenge_method: "S256",
      prompt: "consent",
    });
  });

  it("asks for consent only if it asks for offline access, which OpenID providers ignore without it", () => {
    expect(promptOf(["openid", "offline_access"])).toBe("consent");
    expect(promptOf(["openid", "fhirUser", "offline"])).toBeNull();
  });

  it("echoes the launch of an EHR", () => {
    expect(authorizationRequestUrl({ ...request, launch: "a&b" }).searchParams.get("launch")).toBe("a&b");
  });

  it("never contains the verifier or the cookie", () => {
    const { href } = authorizationRequestUrl(request);
    expect(href).not.toContain(request.secrets.codeVerifier);
    expect(href).not.toContain(request.secrets.cookie);
  });
});

describe("the secrets of a login", () => {
  it("differ from each other and from those of any other login", () => {
    const secrets = Array.from({ length: 50 }, newLoginSecrets).flatMap((one) => Object.values(one));
    expect(new Set(secrets).size).toBe(200);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("have a digest that fits RFC 7636's example of a challenge", () => {
    expect(digestOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });
});
