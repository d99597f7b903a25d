import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Simulator } from "#local/simulator/simulator.ts";
import { choicesOf } from "#local/small-browser.ts";
import { DEVICE_HEADERS } from "../user-client.ts";
import {
  allow,
  authorizationUrl,
  discover,
  exchangeForm,
  fhir,
  LAUNCH_URL,
  newVerifier,
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
} from "./launch-client.ts";

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSmartSimulator({ ccdDurationMs: 60_000 });
});
afterEach(() => simulator.close());

const bundleSchema = z.looseObject({ entry: z.array(z.looseObject({ resource: z.looseObject({ id: z.string() }) })) });
const claimsOf = async (idToken: string | undefined): Promise<Record<string, unknown>> => {
  const { issuer, jwks_uri } = await discover(simulator);
  const expected = { issuer, audience: POST_APP.clientId, algorithms: ["RS256"] };
  return (await jwtVerify(idToken ?? "", createRemoteJWKSet(new URL(jwks_uri)), expected)).payload;
};
const patientIds = (): string[] => simulator.records.ofType("Patient").map(({ id }) => id);
const requestCcds = async (token: string, patientId: string): Promise<number> => {
  const body = { actionName: "ENCOUNTER_EXPORT", searchCriteria: { constraints: { patientId } } };
  const answer = await fetch(`${simulator.baseUrl}integra/MoBulkExport/createBulkExportRequest`, {
    method: "POST",
    headers: { ...DEVICE_HEADERS, "x-auth-token": token },
    body: JSON.stringify(body),
  });
  return answer.status;
};

describe("a standalone launch", () => {
  it("leads a guardian by sign-in, choice of a patient and consent to tokens for this patient", async () => {
    const [, guardian, ward = "", other = ""] = patientIds();
    const choice = await signIn(simulator, "gus");
    expect(choicesOf(choice.view, "patient")).toEqual([guardian, ward, other]);
    const consent = await submit(choice.view, { patient: ward });
    expect(choicesOf(consent, "scope")).toEqual(["openid", "fhirUser", "offline_access", "patient/*.rs"]);
    const { location, status } = await submit(consent, { decision: "allow" });
    expect([status, location?.href.startsWith(`${REDIRECT_URI}&code=`)]).toEqual([303, true]);
    expect(location?.searchParams.get("state")).toBe("state-of-the-app");
    expect(location?.searchParams.get("iss")).toBe(simulator.issuer);

    const code = location?.searchParams.get("code") ?? "";
    const { headers, body } = await postToken(simulator, { ...exchangeForm(choice), code });
    const tokens = tokensSchema.parse(body);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(tokens).toMatchObject({ scope: SCOPES, expires_in: 899, patient: ward, need_patient_banner: true });
    const claims = await claimsOf(tokens.id_token);
    expect(claims).toMatchObject({ sub: "gus", aud: [POST_APP.clientId], nonce: "nonce-of-the-app" });
    expect(claims["fhirUser"]).toBe(`${simulator.fhirBaseUrl}/Patient/${guardian}`);

    const own = bundleSchema.parse(
      await (await fhir(simulator, tokens.access_token, `Condition?patient=${ward}`)).json(),
    );
    expect(own.entry.length).toBeGreaterThan(0);
    expect(await requestCcds(tokens.access_token, ward)).toBe(200);

    const refreshed = tokensSchema.parse((await refresh(simulator, tokens.refresh_token)).body);
    expect(refreshed).toMatchObject({ scope: SCOPES, patient: ward });
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(await claimsOf(refreshed.id_token)).not.toHaveProperty("nonce");
  });

  it("needs no choice if the user has one patient, and no patient if the scopes need none", async () => {
    const [own] = patientIds();
    const one = await allow(await signIn(simulator, "pat"));
    expect((await postToken(simulator, exchangeForm(one))).body["patient"]).toBe(own);
    const none = await allow(await signIn(simulator, "gus", { scope: "openid offline" }));
    const { body } = await postToken(simulator, exchangeForm(none));
    expect(tokensSchema.parse(body).scope).toBe("openid offline");
    expect(body).toHaveProperty("refresh_token");
    for (const name of ["patient", "need_patient_banner", "encounter"]) expect(body).not.toHaveProperty(name);
  });
});

describe("an EHR launch", () => {
  const ehrScopes = "launch launch/encounter openid fhirUser offline_access patient/*.rs";
  const authorize = async (launchUrl: URL | null, verifier: string): Promise<URL> =>
    authorizationUrl(
      simulator,
      {
        scope: ehrScopes,
        launch: launchUrl?.searchParams.get("launch") ?? null,
        aud: launchUrl?.searchParams.get("iss") ?? null,
      },
      verifier,
    );

  it.each([
    ["window", true],
    ["frame", false],
  ])("from the EHR's page in a %s leads to tokens with the EHR's context, without a sign-in", async (where, banner) => {
    const ehr = await open(`${simulator.baseUrl}ehr`);
    const [, , patient = ""] = choicesOf(ehr, "patient");
    const launched = await submit(ehr, { user: "dora", patient, app: POST_APP.clientId, in: where });
    expect(launched.location?.href.startsWith(`${LAUNCH_URL}?`)).toBe(true);
    expect(launched.location?.searchParams.get("iss")).toBe(simulator.fhirBaseUrl);

    const verifier = newVerifier();
    const consent = await open(await authorize(launched.location, verifier));
    expect(consent.html).toContain("signed in as Dora");
    const view = await submit(consent, { decision: "allow" });
    const { body } = await postToken(simulator, exchangeForm({ view, verifier }));
    const tokens = tokensSchema.parse(body);
    expect(tokens).toMatchObject({ patient, need_patient_banner: banner, scope: ehrScopes });
    const encounter = z.string().parse(tokens["encounter"]);
    expect((await fhir(simulator, tokens.access_token, `Encounter/${encounter}`)).status).toBe(200);
    expect(await claimsOf(tokens.id_token)).toMatchObject({ sub: "dora" });
  });

  it("has one button for a window and one for an iframe, and may be framed by the portal only", async () => {
    const ehr = await open(`${simulator.baseUrl}ehr`);
    expect(ehr.html).toContain('value="window" formtarget="_blank"');
    expect(ehr.html).toContain('value="frame" formtarget="app-frame"');
    expect(ehr.html).toContain('<iframe name="app-frame" title="The launched app">');
    const policy = ehr.headers.get("content-security-policy");
    expect(policy).toContain("form-action 'self' https://app.example;");
    expect(policy).toContain("frame-src 'self' https://app.example;");
    expect(policy).toContain("frame-ancestors 'self'");
  });

  it("needs a patient whom the user may see, and a registered app", async () => {
    const ehr = await open(`${simulator.baseUrl}ehr`);
    const [, foreign = ""] = choicesOf(ehr, "patient");
    const refused = await submit(ehr, {
      user: "pat",
      patient: foreign,
      app: POST_APP.clientId,
      in: "frame",
    });
    expect([refused.status, refused.location]).toEqual([400, null]);
    const unknown = await submit(ehr, { user: "dora", patient: foreign, app: "other", in: "frame" });
    expect([unknown.status, unknown.location]).toEqual([400, null]);
    const launched = { clientId: "other", userId: "dora", patientId: foreign };
    expect(() => simulator.ehrLaunch(launched)).toThrow(RangeError);
    expect(() => simulator.ehrLaunch({ ...launched, clientId: POST_APP.clientId, userId: "x" })).toThrow(RangeError);
  });

  it("can be used for one authorization, in time, by its app", async () => {
    const [patientId = ""] = patientIds();
    const begin = (clientId: string): URL => new URL(simulator.ehrLaunch({ clientId, userId: "dora", patientId }));
    const errorOf = async (launchUrl: URL): Promise<unknown> =>
      (await open(await authorize(launchUrl, newVerifier()))).location?.searchParams.get("error");
    expect(await errorOf(begin("public-app"))).toBe("invalid_request");
    const spent = begin(POST_APP.clientId);
    const verifier = newVerifier();
    const consent = await open(await authorize(spent, verifier));
    await submit(consent, { decision: "allow" });
    expect(await errorOf(spent)).toBe("invalid_request");
    const late = begin(POST_APP.clientId);
    simulator.advanceClock(301);
    expect(await errorOf(late)).toBe("invalid_request");
  });
});
