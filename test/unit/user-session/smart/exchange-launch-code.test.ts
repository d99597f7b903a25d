import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { HttpRequest } from "#platform/http/http.ts";
import { digestOf } from "#user-session/language/digest.ts";
import { exchangeLaunchCode, type LaunchedLogin } from "#user-session/smart/exchange-launch-code.ts";
import { answeringHttp, type PlannedAnswer } from "../../../fixtures/answering-http.ts";

const now = Date.parse("2026-11-26T12:00:00Z");
const tokenUrl = new URL("https://login.example/token");
const login: LaunchedLogin = {
  client: { id: "bridge", authentication: { method: "client_secret_post", secret: "s3cret" } },
  code: { code: "code-1", redirectUri: "https://api.example/smart/callback", codeVerifier: "verifier-1" },
  configuration: { issuer: "https://login.example", jwksUrl: new URL("https://login.example/jwks") },
  fhirUrl: new URL("https://fhir.example/r4/"),
  requestedScopes: ["openid", "fhirUser", "offline_access", "patient/*.rs"],
  nonceDigest: digestOf("n-1"),
};

let jwk: JWK;
let idToken: string;
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES384");
  jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES384" };
  idToken = await new SignJWT({ nonce: "n-1" })
    .setProtectedHeader({ alg: "ES384", kid: "k1" })
    .setIssuer("https://login.example")
    .setAudience("bridge")
    .setSubject("person-1")
    .setIssuedAt(now / 1000)
    .setExpirationTime(now / 1000 + 300)
    .sign(privateKey);
});

const granted = (change: Record<string, unknown> = {}): PlannedAnswer => ({
  status: 200,
  body: {
    access_token: "access-1",
    refresh_token: "refresh-1",
    expires_in: 899,
    token_type: "Bearer",
    scope: login.requestedScopes.join(" "),
    patient: "Patient/123",
    id_token: idToken,
    ...change,
  },
});

function exchange(answer: PlannedAnswer, requestedScopes = login.requestedScopes) {
  const http = answeringHttp(({ method }) => (method === "POST" ? answer : { status: 200, body: { keys: [jwk] } }));
  const ports = { http, now: () => now, server: { tokenUrl }, onUnreadable: () => undefined };
  const outcome = exchangeLaunchCode(ports, { ...login, requestedScopes });
  return { http, outcome };
}

const formOf = (request: HttpRequest | undefined) => Object.fromEntries(new URLSearchParams(request?.body));

describe("the exchange of a launch's code", () => {
  it("gives the session's tokens, the person and the patient", async () => {
    const { http, outcome } = exchange(granted());
    expect(await outcome).toEqual({
      kind: "session",
      result: {
        tokens: {
          accessToken: "access-1",
          refreshToken: "refresh-1",
          expiresInSeconds: 899,
          scope: login.requestedScopes.join(" "),
        },
        person: { issuer: "https://login.example", subject: "person-1", fhirUser: undefined },
        patient: "123",
        grantedScope: login.requestedScopes.join(" "),
      },
    });
    expect(formOf(http.requests[0])).toEqual({
      grant_type: "authorization_code",
      code: "code-1",
      redirect_uri: "https://api.example/smart/callback",
      code_verifier: "verifier-1",
      client_id: "bridge",
      client_secret: "s3cret",
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ["a status 201", {}],
    ["null members beside the data", { expires_in: null, token_type: null, need_patient_banner: null }],
    ["a scope that hides the refresh token", { scope: "openid fhirUser patient/*.rs" }],
    ["a scope as a list", { scope: ["openid", "patient/*.read"] }],
    ["no scope", { scope: undefined }],
  ])("succeeds with %s", async (what, change) => {
    const answer = { ...granted(change), ...(what === "a status 201" && { status: 201 }) };
    expect(await exchange(answer).outcome).toMatchObject({
      kind: "session",
      result: { tokens: { refreshToken: "refresh-1" }, patient: "123" },
    });
  });

  it("gives a session about no patient if the server names none", async () => {
    expect(await exchange(granted({ patient: undefined })).outcome).toMatchObject({
      kind: "session",
      result: { patient: undefined },
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ["identity-unproven", { id_token: undefined }],
    ["identity-unproven", { id_token: "altered" }],
    ["scopes-missing", { scope: "openid offline_access patient/Observation.rs" }],
    ["patient-unreadable", { patient: { reference: "Patient/123" } }],
  ])("fails as %s, and hands over the refresh token for its revocation", async (reason, change) => {
    expect(await exchange(granted(change)).outcome).toMatchObject({
      kind: "failure",
      failure: { name: "LaunchFailed", reason },
      issued: "refresh-1",
    });
  });

  it("fails without a refresh token, and says why that matters", async () => {
    expect(await exchange(granted({ refresh_token: undefined })).outcome).toMatchObject({
      kind: "failure",
      failure: { reason: "refresh-token-missing", message: expect.stringContaining("offline_access") as string },
      issued: undefined,
    });
  });

  it("names the scopes that were not granted", async () => {
    expect(await exchange(granted({ scope: "openid" })).outcome).toMatchObject({
      failure: { message: "the person or the server did not grant patient/*.rs" },
    });
  });

  it("fails if the choice of a patient was refused, because the session would serve every patient of its user", async () => {
    const requestedScopes = [...login.requestedScopes, "launch/patient"];
    const scope = login.requestedScopes.join(" ");
    expect(await exchange(granted({ scope, patient: undefined }), requestedScopes).outcome).toMatchObject({
      failure: { reason: "scopes-missing", message: "the person or the server did not grant launch/patient" },
      issued: "refresh-1",
    });
    for (const change of [
      { scope },
      { scope: undefined, patient: null },
      { scope: `${scope} launch/patient`, patient: null },
    ])
      expect(await exchange(granted(change), requestedScopes).outcome).toMatchObject({ kind: "session" });
  });

  it.each<[string, PlannedAnswer]>([
    ["code-refused", { status: 400, body: { error: "invalid_grant" } }],
    ["client-refused", { status: 401, body: { error: "invalid_client" } }],
    ["server-unavailable", { status: 503 }],
    ["server-unavailable", { status: 200, body: "<html>" }],
  ])("fails as %s by the token endpoint's answer", async (reason, answer) => {
    const { http, outcome } = exchange(answer);
    expect(await outcome).toMatchObject({ kind: "failure", failure: { reason }, issued: undefined });
    expect(http.requests).toHaveLength(1);
  });
});
