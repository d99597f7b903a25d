import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Simulator } from "#local/simulator/simulator.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";
import { createTestClient, type TestClient } from "../simulator-client.ts";
import {
  allow,
  discover,
  exchangeForm,
  fhirStatus,
  launch,
  newVerifier,
  POST_APP,
  PUBLIC_APP,
  postToken,
  REDIRECT_URI,
  refresh,
  signIn,
  startSmartSimulator,
  tokensSchema,
} from "./launch-client.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const BASIC_APP = { ...POST_APP, clientId: "basic-app", authMethod: "client_secret_basic" } as const;

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSmartSimulator({ apps: [POST_APP, PUBLIC_APP, BASIC_APP] });
});
afterEach(() => simulator.close());

type Answer = Awaited<ReturnType<typeof postToken>>;
const errorOf = ({ status, body }: Answer): unknown[] => [status, body["error"]];
const reason = (): string | null | undefined =>
  simulator.log.findLast(({ endpoint }) => endpoint === "user-token")?.reason;
/** The form of an exchange without the client's authentication. */
const codeForm = async (clientId: string): Promise<Record<string, string>> => {
  const allowed = await allow(await signIn(simulator, "pat", { client_id: clientId }));
  const { client_id: _id, client_secret: _secret, ...form } = exchangeForm(allowed);
  return form;
};
const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

describe("authorization codes of launches", () => {
  it("a code is exchanged once, and its second use ends the tokens that it gave", async () => {
    const allowed = await allow(await signIn(simulator, "pat"));
    const tokens = tokensSchema.parse((await postToken(simulator, exchangeForm(allowed))).body);
    expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(200);
    expect(errorOf(await postToken(simulator, exchangeForm(allowed)))).toEqual([400, "invalid_grant"]);
    expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(401);
    expect(errorOf(await refresh(simulator, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  });

  it("a code ends after 60 seconds", async () => {
    const [early, late] = [await codeForm("public-app"), await codeForm("public-app")];
    simulator.advanceClock(50);
    expect((await postToken(simulator, { ...early, client_id: "public-app" })).status).toBe(200);
    simulator.advanceClock(10);
    expect(errorOf(await postToken(simulator, { ...late, client_id: "public-app" }))).toEqual([400, "invalid_grant"]);
    expect(reason()).toContain("expired");
  });

  it.each([
    ["no verifier", { code_verifier: "" }],
    ["another verifier", { code_verifier: newVerifier() }],
    ["another redirect URI", { redirect_uri: REDIRECT_URI.split("?")[0] ?? "" }],
    ["another client", { client_id: PUBLIC_APP.clientId, client_secret: "" }],
  ])("a code is refused with %s", async (_name, changes: Record<string, string>) => {
    const allowed = await allow(await signIn(simulator, "pat"));
    const form = Object.entries({ ...exchangeForm(allowed), ...changes }).filter(([, value]) => value !== "");
    expect(errorOf(await postToken(simulator, Object.fromEntries(form)))).toEqual([400, "invalid_grant"]);
  });

  it("a withdrawn consent ends codes and tokens of this app only", async () => {
    const tokens = await launch(simulator, "pat");
    const form = await codeForm(PUBLIC_APP.clientId);
    const unused = await codeForm(POST_APP.clientId);
    simulator.withdrawConsent({ userId: "pat", clientId: POST_APP.clientId });
    expect(errorOf(await refresh(simulator, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(401);
    const credentials = { client_id: POST_APP.clientId, client_secret: POST_APP.clientSecret };
    expect(errorOf(await postToken(simulator, { ...unused, ...credentials }))).toEqual([400, "invalid_grant"]);
    expect((await postToken(simulator, { ...form, client_id: PUBLIC_APP.clientId })).status).toBe(200);
  });
});

describe("refresh tokens of launches", () => {
  it("a refresh token that is used twice ends its chain", async () => {
    const tokens = await launch(simulator, "pat");
    const next = tokensSchema.parse((await refresh(simulator, tokens.refresh_token)).body);
    expect(errorOf(await refresh(simulator, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(errorOf(await refresh(simulator, next.refresh_token))).toEqual([400, "invalid_grant"]);
  });

  it("a refresh can ask for fewer scopes, for one access token, but not for more", async () => {
    const tokens = await launch(simulator, "pat");
    expect(errorOf(await refresh(simulator, tokens.refresh_token, { scope: "user/*.rs" }))).toEqual([
      400,
      "invalid_scope",
    ]);
    const narrow = tokensSchema.parse(
      (await refresh(simulator, tokens.refresh_token, { scope: "patient/Observation.rs" })).body,
    );
    expect(narrow.scope).toBe("patient/Observation.rs");
    expect(await fhirStatus(simulator, narrow.access_token, "Observation")).toBe(200);
    expect(await fhirStatus(simulator, narrow.access_token, "Condition")).toBe(403);
    const wide = tokensSchema.parse((await refresh(simulator, narrow.refresh_token)).body);
    expect(wide.scope).toBe(tokens.scope);
  });
});

describe("authentication of the app by a secret", () => {
  it("client_secret_basic may be form-encoded, unless the option says raw", async () => {
    const encoded = basic("basic%2Dapp", POST_APP.clientSecret);
    expect((await postToken(simulator, await codeForm(BASIC_APP.clientId), encoded)).status).toBe(200);
    simulator.settings.basicCredentials = "raw";
    const form = await codeForm(BASIC_APP.clientId);
    expect(errorOf(await postToken(simulator, form, encoded))).toEqual([401, "invalid_client"]);
    expect((await postToken(simulator, form, basic("basic-app", POST_APP.clientSecret))).status).toBe(200);
  });
});

const now = (): number => Math.floor(Date.now() / 1000);

const assertionOf = (value: string): Record<string, string> => ({
  client_assertion_type: ASSERTION_TYPE,
  client_assertion: value,
});

describe("authentication of the app by an assertion", () => {
  let client: TestClient;
  let app: RegisteredApp;
  let form: Record<string, string>;
  beforeEach(async () => {
    client = await createTestClient("ES384", "key-app");
    const { jwks } = client.registration;
    app = { clientId: "key-app", authMethod: "private_key_jwt", redirectUris: [REDIRECT_URI], jwks };
    simulator.registerApp(app);
    form = { ...(await codeForm("key-app")), client_assertion_type: ASSERTION_TYPE };
  });

  it("private_key_jwt needs no client_id, and its jti is good for one request", async () => {
    const assertion = await client.assertion({ aud: simulator.userTokenUrl });
    const answer = await postToken(simulator, { ...form, client_assertion: assertion });
    expect(answer.status).toBe(200);
    expect(simulator.secretsSeen().assertions).toContain(assertion);
    const again = { grant_type: "refresh_token", refresh_token: String(answer.body["refresh_token"]) };
    expect(errorOf(await postToken(simulator, { ...again, ...assertionOf(assertion) }))).toEqual([
      401,
      "invalid_client",
    ]);
    expect(reason()).toContain("used before");
    const fresh = await client.assertion({ aud: simulator.userTokenUrl });
    expect((await postToken(simulator, { ...again, ...assertionOf(fresh) })).status).toBe(200);
  });

  it.each([
    ["the issuer as audience", { aud: "issuer" }, {}],
    ["another subject", { sub: "other" }, {}],
    ["more than five minutes", { exp: now() + 400 }, {}],
    ["an end in the past", { exp: now() - 60 }, {}],
    ["no kid", {}, { kid: undefined }],
    ["no typ", {}, { typ: undefined }],
    ["an unknown key", {}, { kid: "key-2" }],
  ])("an assertion is refused with %s", async (_name, claims, header) => {
    const aud = "aud" in claims ? simulator.issuer : simulator.userTokenUrl;
    const assertion = await client.assertion({ ...claims, aud }, Object(header));
    expect(errorOf(await postToken(simulator, { ...form, client_assertion: assertion }))).toEqual([
      401,
      "invalid_client",
    ]);
  });

  it("an assertion is refused as a bearer token, with another type, beside a secret, or for another method", async () => {
    const assertion = await client.assertion({ aud: simulator.userTokenUrl });
    const { client_assertion_type: _type, ...bare } = form;
    const bearer = await postToken(simulator, bare, { authorization: `Bearer ${assertion}` });
    expect(errorOf(bearer)).toEqual([401, "invalid_client"]);
    const fields = { ...form, client_assertion: assertion };
    const otherType = await postToken(simulator, { ...fields, client_assertion_type: "jwt" });
    expect(errorOf(otherType)).toEqual([401, "invalid_client"]);
    expect(errorOf(await postToken(simulator, { ...fields, client_secret: "x" }))).toEqual([400, "invalid_request"]);
    expect(errorOf(await postToken(simulator, { ...fields, client_id: "other" }))).toEqual([401, "invalid_client"]);
    simulator.registerApp({ ...app, authMethod: "client_secret_post", clientSecret: "x" });
    const fresh = await client.assertion({ aud: simulator.userTokenUrl });
    expect(errorOf(await postToken(simulator, { ...form, client_assertion: fresh }))).toEqual([401, "invalid_client"]);
    expect(reason()).toContain("registered for client_secret_post");
  });

  it("keys at a URL are fetched, cached for max-age, and not fetched earlier for an unknown kid", async () => {
    const { publicKey } = await generateKeyPair("ES384");
    const served = { keys: [{ ...(await exportJWK(publicKey)), kid: "old" }] };
    let requests = 0;
    const server = await serve(() => {
      requests += 1;
      return served;
    });
    simulator.registerApp({ ...app, jwks: undefined, jwksUrl: server.url });
    const tryIt = async (): Promise<unknown[]> => {
      const assertion = await client.assertion({ aud: simulator.userTokenUrl });
      return errorOf(await postToken(simulator, { ...form, client_assertion: assertion }));
    };
    expect(await tryIt()).toEqual([401, "invalid_client"]);
    served.keys = client.registration.jwks?.keys.map((key) => ({ ...key, kid: "key-1" })) ?? [];
    simulator.advanceClock(29);
    expect([await tryIt(), requests]).toEqual([[401, "invalid_client"], 1]);
    simulator.advanceClock(2);
    expect([await tryIt(), requests]).toEqual([[200, undefined], 2]);
    server.close();
  });

  it("keys that cannot be fetched refuse the client", async () => {
    simulator.registerApp({ ...app, jwks: undefined, jwksUrl: `${simulator.baseUrl}nothing` });
    const assertion = await client.assertion({ aud: simulator.userTokenUrl });
    expect(errorOf(await postToken(simulator, { ...form, client_assertion: assertion }))).toEqual([
      401,
      "invalid_client",
    ]);
    expect(reason()).toContain("cannot be read: Error: status 404");
  });
});

async function serve(value: () => unknown): Promise<{ url: string; close: () => Server }> {
  const server = createServer((_request, response) => {
    response.setHeader("cache-control", "public, max-age=30");
    response.end(JSON.stringify(value()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}/jwks.json`, close: () => server.close() };
}

const revoke = async (fields: Record<string, string>): Promise<{ status: number; error: unknown }> => {
  const { revocation_endpoint } = await discover(simulator);
  const credentials = { client_id: POST_APP.clientId, client_secret: POST_APP.clientSecret };
  const body = new URLSearchParams({ ...credentials, ...fields });
  const answer = await fetch(revocation_endpoint, { method: "POST", body });
  return { status: answer.status, error: Object(await answer.json())["error"] };
};

describe("revocation", () => {
  it("a refresh token is revoked with its session", async () => {
    const tokens = await launch(simulator, "pat");
    expect((await revoke({ token: tokens.refresh_token ?? "", token_type_hint: "refresh_token" })).status).toBe(200);
    expect(errorOf(await refresh(simulator, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(401);
  });

  it("an access token is revoked alone", async () => {
    const tokens = await launch(simulator, "pat");
    expect((await revoke({ token: tokens.access_token })).status).toBe(200);
    expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(401);
    expect((await refresh(simulator, tokens.refresh_token)).status).toBe(200);
  });

  it("an unknown token is no fault; a foreign one and a foreign client are", async () => {
    expect((await revoke({ token: "made-up" })).status).toBe(200);
    const { body } = await postToken(simulator, { ...(await codeForm("public-app")), client_id: "public-app" });
    const foreign = String(body["refresh_token"]);
    expect(await revoke({ token: foreign })).toEqual({ status: 400, error: "invalid_grant" });
    expect(await revoke({ token: foreign, client_secret: "wrong" })).toEqual({ status: 401, error: "invalid_client" });
    expect(await revoke({})).toEqual({ status: 400, error: "invalid_request" });
    const next = { grant_type: "refresh_token", refresh_token: foreign, client_id: "public-app" };
    expect((await postToken(simulator, next)).status).toBe(200);
  });
});
