import { once } from "node:events";
import { createServer } from "node:http";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import type { Simulator } from "#local/simulator/simulator.ts";
import { choicesOf } from "#local/small-browser.ts";
import {
  allow,
  discover,
  exchangeForm,
  fhirStatus,
  LAUNCH_URL,
  launch,
  open,
  POST_APP,
  postToken,
  REDIRECT_URI,
  refresh,
  SCOPES,
  signIn,
  startSmartSimulator,
  submit,
  tokensSchema,
} from "../smart/launch-client.ts";

type FaultOf<Kind extends Fault["kind"]> = Extract<Fault, { kind: Kind }>;
const ATTACKER = "https://attacker.example";
const membersSchema = z.record(z.string(), z.unknown());

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSmartSimulator();
});
afterEach(() => simulator.close());

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();
const lastFault = (): string | null | undefined => simulator.log.at(-1)?.fault;

const documentWith = async (fault: Omit<FaultOf<"odd-discovery">, "kind">): Promise<Record<string, unknown>> => {
  simulator.faults.script("smart-configuration", [{ kind: "odd-discovery", ...fault }]);
  const text = await textOf(`${simulator.fhirBaseUrl}/.well-known/smart-configuration`);
  expect(lastFault()).toBe("odd-discovery");
  return membersSchema.parse(JSON.parse(text));
};

describe("the fault odd-discovery", () => {
  it.each([
    ["no-jwks-uri", "jwks_uri"],
    ["no-issuer", "issuer"],
    ["no-token-endpoint", "token_endpoint"],
    ["no-pkce", "code_challenge_methods_supported"],
  ] as const)("%s leaves out %s only", async (name, member) => {
    const { [member]: _left, ...rest } = membersSchema.parse(
      JSON.parse(await textOf(`${simulator.fhirBaseUrl}/.well-known/smart-configuration`)),
    );
    expect(await documentWith({ change: name })).toEqual(rest);
  });

  it("foreign-endpoints moves all endpoints, or some, and foreign-issuer the issuer", async () => {
    const all = Object.entries(await documentWith({ change: "foreign-endpoints" }));
    expect(
      all
        .filter(([, value]) => String(value).startsWith(ATTACKER))
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(["authorization_endpoint", "jwks_uri", "revocation_endpoint", "token_endpoint"]);
    const origin = "https://other.example";
    const some = await documentWith({ change: "foreign-endpoints", members: ["token_endpoint"], origin });
    const { issuer, jwks_uri } = await discover(simulator);
    expect(some).toMatchObject({ token_endpoint: `${origin}/integra/Oauth2/oauth2Login?provider=idx`, jwks_uri });
    expect(await documentWith({ change: "foreign-issuer", origin })).toMatchObject({ issuer: origin });
    expect(issuer).toBe(simulator.issuer);
  });

  it("the document can have nulls, paths, or two million characters more", async () => {
    expect(await documentWith({ change: "null-members" })).toMatchObject({
      issuer: null,
      token_endpoint: simulator.userTokenUrl,
    });
    expect(await documentWith({ change: "relative-urls" })).toMatchObject({
      token_endpoint: "/integra/Oauth2/oauth2Login?provider=idx",
    });
    expect(JSON.stringify(await documentWith({ change: "oversized" })).length).toBeGreaterThan(2_000_000);
  });

  it("the document can be missing, or come late", async () => {
    const url = `${simulator.fhirBaseUrl}/.well-known/smart-configuration`;
    simulator.faults.script("smart-configuration", [{ kind: "status", status: 404 }, { kind: "stall" }]);
    expect((await fetch(url)).status).toBe(404);
    const late = await fetch(url);
    const reading = late.text().catch(() => "broken");
    const waiting = new Promise((resolve) => setTimeout(resolve, 50, "silent"));
    expect(await Promise.race([reading, waiting])).toBe("silent");
    expect((await fetch(url)).status).toBe(200);
  });
});

describe("the fault odd-keys", () => {
  it.each(["empty", "other-kids", "encryption-only"] as const)(
    "%s publishes no key that verifies an id token, once",
    async (change) => {
      const { id_token = "" } = await launch(simulator, "pat");
      const { jwks_uri } = await discover(simulator);
      simulator.faults.script("jwks", [{ kind: "odd-keys", change }]);
      const keySet = async (): Promise<JSONWebKeySet> => JSON.parse(await textOf(jwks_uri));
      await expect(jwtVerify(id_token, createLocalJWKSet(await keySet()))).rejects.toThrow("no applicable key");
      await expect(jwtVerify(id_token, createLocalJWKSet(await keySet()))).resolves.toBeDefined();
    },
  );

  it("the keys can lack a kid, and the set can be oversized", async () => {
    const { jwks_uri } = await discover(simulator);
    const [noKids, oversized] = [{ change: "no-kids" }, { change: "oversized" }] as const;
    simulator.faults.script("jwks", [
      { kind: "odd-keys", ...noKids },
      { kind: "odd-keys", ...oversized },
    ]);
    expect(await textOf(jwks_uri)).not.toContain('"kid"');
    expect((await textOf(jwks_uri)).length).toBeGreaterThan(2_000_000);
  });
});

const altered = async (form: FaultOf<"altered-id-token">["form"]): Promise<string> => {
  simulator.faults.script("user-token", [{ kind: "altered-id-token", form }]);
  const tokens = await launch(simulator, "pat");
  expect(await fhirStatus(simulator, tokens.access_token, "Patient")).toBe(200);
  return tokens.id_token ?? "";
};

const verified = async (token: string): Promise<unknown> => {
  const keys: JSONWebKeySet = JSON.parse(await textOf((await discover(simulator)).jwks_uri));
  return jwtVerify(token, createLocalJWKSet(keys), {
    algorithms: ["RS256"],
    issuer: simulator.issuer,
    audience: POST_APP.clientId,
    requiredClaims: ["sub", "exp", "iat"],
  });
};

describe("the fault altered-id-token", () => {
  it.each([
    "bad-signature",
    "alg-none",
    "hs256",
    "unknown-kid",
    "foreign-issuer",
    "wrong-audience",
    "no-audience",
    "no-subject",
    "expired",
    "no-expiry",
    "not-yet-valid",
    "not-a-jwt",
  ] as const)("%s does not verify, beside a valid access token", async (form) => {
    await expect(verified(await altered(form))).rejects.toThrow(/\S/);
    await expect(verified((await launch(simulator, "pat")).id_token ?? "")).resolves.toBeDefined();
  });

  it("forms that only a client's own comparison detects verify otherwise", async () => {
    const wrongNonce = await altered("wrong-nonce");
    const azp = await altered("wrong-azp");
    const subject = await altered("other-subject");
    const noNonce = await altered("no-nonce");
    for (const token of [wrongNonce, azp, subject, noNonce]) await expect(verified(token)).resolves.toBeDefined();
    expect(decodeJwt(wrongNonce)["nonce"]).not.toBe("nonce-of-the-app");
    expect(decodeJwt(azp)).toMatchObject({ azp: "someone-else", aud: [POST_APP.clientId, "someone-else"] });
    expect(decodeJwt(subject).sub).toBe("someone-else");
    expect(decodeJwt(noNonce)).not.toHaveProperty("nonce");
  });

  it("the header has what the form says", async () => {
    expect(decodeProtectedHeader(await altered("hs256")).alg).toBe("HS256");
    expect(decodeProtectedHeader(await altered("alg-none")).alg).toBe("none");
    expect(decodeProtectedHeader(await altered("no-kid")).kid).toBeUndefined();
  });
});

const answerWith = async (
  fault: Omit<FaultOf<"odd-token-answer">, "kind">,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const allowed = await allow(await signIn(simulator, "pat"));
  simulator.faults.script("user-token", [{ kind: "odd-token-answer", ...fault }]);
  return postToken(simulator, exchangeForm(allowed));
};

describe("the fault odd-token-answer", () => {
  it.each([
    ["null-members", { expires_in: null, scope: null, id_token: null, patient: null }],
    ["null-refresh-token", { refresh_token: null }],
    ["no-refresh-token", { refresh_token: undefined, scope: SCOPES }],
    ["scope-hides-refresh-token", { scope: "openid fhirUser launch/patient patient/*.rs" }],
    ["scope-as-list", { scope: SCOPES.split(" ") }],
    ["no-scope", { scope: undefined }],
    ["fewer-scopes", { scope: "openid" }],
    ["no-id-token", { id_token: undefined }],
    ["other-patient", { patient: "999" }],
    ["no-patient", { patient: undefined }],
    ["no-token-type", { token_type: undefined }],
  ] as const)("%s answers with %o", async (form, members) => {
    const { status, body } = await answerWith({ form });
    expect(status).toBe(200);
    for (const [name, value] of Object.entries(members)) expect(body[name]).toEqual(value);
    expect(await fhirStatus(simulator, String(body["access_token"]), "Patient")).toBe(200);
    expect(lastFault()).toBeNull();
  });

  it("a status of 201 and a reference to the patient carry valid tokens", async () => {
    const created = await answerWith({ form: "created-status" });
    expect(created.status).toBe(201);
    const { refresh_token, patient } = tokensSchema.parse(created.body);
    expect((await refresh(simulator, refresh_token)).status).toBe(200);
    expect((await answerWith({ form: "patient-as-reference" })).body["patient"]).toBe(`Patient/${patient}`);
    expect((await answerWith({ form: "other-patient", patient: "7" })).body["patient"]).toBe("7");
  });

  it("a refresh can be answered so too, and the chain goes on with the rotated token", async () => {
    const tokens = await launch(simulator, "pat");
    simulator.faults.script("user-token", [{ kind: "odd-token-answer", form: "null-members" }]);
    const { body } = await refresh(simulator, tokens.refresh_token);
    expect(body["scope"]).toBeNull();
    expect((await refresh(simulator, String(body["refresh_token"]))).status).toBe(200);
  });

  it("a refusal stays as it is, and the fault waits for no other answer", async () => {
    simulator.faults.script("user-token", [{ kind: "odd-token-answer", form: "created-status" }]);
    expect((await refresh(simulator, "made-up")).status).toBe(400);
    expect(simulator.faults.pending("user-token")).toBe(0);
  });
});

const callback = async (fault: Omit<FaultOf<"odd-callback">, "kind">): Promise<URLSearchParams> => {
  simulator.faults.script("consent", [{ kind: "odd-callback", ...fault }]);
  const { view } = await allow(await signIn(simulator, "pat"));
  expect(lastFault()).toBe("odd-callback");
  expect(view.location?.href.startsWith(REDIRECT_URI)).toBe(true);
  return view.location?.searchParams ?? new URLSearchParams();
};

describe("the fault odd-callback", () => {
  it.each([
    ["wrong-iss", { iss: [ATTACKER], error: [] }],
    ["no-iss", { iss: [] }],
    ["no-state", { state: [] }],
    ["error", { error: ["access_denied"], state: ["state-of-the-app"], code: [] }],
    ["error-without-state", { error: ["access_denied"], state: [], code: [] }],
    ["launch-code-required", { error: ["urn:com:cerner:authorization:error:launch:code-required"], code: [] }],
  ] as const)("%s has %o", async (form, values) => {
    const query = await callback({ form });
    for (const [name, list] of Object.entries(values)) expect(query.getAll(name)).toEqual(list);
  });

  it.each([
    ["doubled-code", "code", 2],
    ["doubled-state", "state", 2],
    ["launch-echo", "launch", 1],
    ["code-and-error", "error", 1],
    ["other-state", "state", 1],
  ] as const)("%s has %s %i times, beside the code", async (form, name, count) => {
    const query = await callback({ form });
    expect(query.getAll(name)).toHaveLength(count);
    expect(query.has("code")).toBe(true);
  });

  it("other-state has a state that the app did not send", async () => {
    expect((await callback({ form: "other-state" })).get("state")).not.toBe("state-of-the-app");
  });

  it("hostile-description has markup, control characters and 4,000 characters", async () => {
    const query = await callback({ form: "hostile-description", error: "server_error" });
    expect(query.get("error")).toBe("server_error");
    expect(query.get("error_description")).toContain("<script>");
    expect(query.get("error_description")).toContain("\r\nSet-Cookie: a=b\r\n\u001b");
    expect(query.get("error_description")).toHaveLength(4000);
  });

  it("previewed opens the callback by HEAD and GET before the browser does", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.cookie ?? "without cookie"}`);
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const redirectUri = `http://127.0.0.1:${port}/callback`;
    simulator.registerApp({ ...POST_APP, redirectUris: [redirectUri] });
    simulator.faults.script("consent", [{ kind: "odd-callback", form: "previewed" }]);
    const { view } = await allow(await signIn(simulator, "pat", { redirect_uri: redirectUri }));
    server.close();
    expect(seen).toEqual(["HEAD without cookie", "GET without cookie"]);
    expect(view.location?.searchParams.get("state")).toBe("state-of-the-app");
    expect(simulator.log.at(-1)?.reason).toBe("previewed: HEAD 200, GET 200");
  });

  it("the fault passes a page by", async () => {
    simulator.faults.script("consent", [{ kind: "odd-callback", form: "error" }]);
    const { view } = await signIn(simulator, "pat");
    const page = await submit(view, { decision: "perhaps" });
    expect([page.status, lastFault()]).toEqual([200, null]);
  });
});

const launched = async (form: FaultOf<"odd-launch">["form"]): Promise<URLSearchParams> => {
  simulator.faults.script("ehr-launch", [{ kind: "odd-launch", form }]);
  const ehr = await open(`${simulator.baseUrl}ehr`);
  const [patient = ""] = choicesOf(ehr, "patient");
  const fields = { user: "dora", patient, app: POST_APP.clientId, in: "window" };
  const { location } = await submit(ehr, fields);
  expect(location?.href.startsWith(LAUNCH_URL)).toBe(true);
  return location?.searchParams ?? new URLSearchParams();
};

describe("the fault odd-launch", () => {
  it.each([
    ["foreign-iss", "https://attacker.example/integra/fhir/r4"],
    ["userinfo-iss", "http://HOST@attacker.example/integra/fhir/r4"],
    ["other-port-iss", "http://127.0.0.1:1/integra/fhir/r4"],
    ["dot-segments-iss", "http://HOST/integra/other/../../integra/fhir/r4"],
    ["trailing-slash-iss", "http://HOST/integra/fhir/r4/"],
    ["doubled-slash-iss", "http://HOST//integra/fhir/r4"],
    ["upper-case-iss", "HTTP://HOST/INTEGRA/FHIR/R4"],
  ] as const)("%s has iss %s", async (form, expected) => {
    const { host } = new URL(simulator.baseUrl);
    expect((await launched(form)).getAll("iss")).toEqual([expected.replace("HOST", host)]);
  });

  it("iss and launch can be doubled, missing or invented", async () => {
    expect((await launched("doubled-iss")).getAll("iss")).toEqual([simulator.fhirBaseUrl, ATTACKER]);
    expect((await launched("no-iss")).has("iss")).toBe(false);
    expect((await launched("no-launch")).has("launch")).toBe(false);
    expect((await launched("invented-launch")).get("launch")).toMatch(/^[0-9a-f-]{36}$/);
  });
});
