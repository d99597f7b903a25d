import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiAccess } from "#on-demand-api/language/access-record.ts";
import { requestOf, searchable } from "#test/fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "#test/fixtures/bridge-under-test.ts";
import { type Claims, type OidcIssuer, oidcIssuer } from "#test/fixtures/oidc-issuer.ts";

const inThePast = () => Math.floor(Date.now() / 1000) - 3_600;
const audience = "integra-bridge-test";

describe("callers of a stage that accepts JWTs", () => {
  let issuer: OidcIssuer;
  let otherIssuer: OidcIssuer;
  let test: BridgeUnderTest;

  beforeAll(async () => {
    [issuer, otherIssuer] = await Promise.all([oidcIssuer(), oidcIssuer()]);
    const jwt = { issuer: issuer.url, audience: [audience] };
    test = await bridgeUnderTest({ simulator: { patients: 2, ccdDurationMs: 100 }, settings: { api: { jwt } } });
  });

  afterAll(async () => {
    await test?.stop();
    await Promise.all([issuer, otherIssuer].map((one) => one?.close()));
  });

  const send = (path: string, token: string | undefined, init: RequestInit = {}): Promise<Response> =>
    fetch(`${test.bridge.outputs.apiUrl}${path}`, {
      ...init,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  const tokenOf = (sub: string, claims: Claims = {}) => issuer.token({ sub, aud: audience, ...claims });
  const requestCcds = (token: string) =>
    send("/ccd-requests", token, {
      method: "POST",
      body: JSON.stringify({ patientId: searchable(test.simulator, 0).id }),
    });

  it.each<[string, () => Promise<string | undefined>]>([
    ["no token", () => Promise.resolve(undefined)],
    ["a malformed token", () => Promise.resolve("e30.e30.x")],
    ["a token of another issuer", () => otherIssuer.token({ sub: "clara", aud: audience })],
    ["a token that another key signed", () => issuer.forged({ sub: "clara", aud: audience })],
    ["a token for another audience", () => tokenOf("clara", { aud: "another audience" })],
    ["a token that has expired", () => tokenOf("clara", { exp: inThePast() })],
    ["a token that never expires", () => tokenOf("clara", { exp: "never" })],
    ["a token without a subject", () => issuer.token({ aud: audience })],
  ])("a call with %s is refused without a request to the server", async (_, token) => {
    const before = test.simulator.log.length;
    expect((await send("/fhir/Condition", await token())).status).toBe(401);
    expect(test.simulator.log.length).toBe(before);
  });

  it("a call with a valid token is served, and recorded with the token's issuer and subject", async () => {
    expect((await send("/fhir/Condition", await tokenOf("clara"))).status).toBe(200);
    const texts = [...(await test.auditRecords("access/")).values()];
    const records = texts.map((text) => apiAccess.parse(JSON.parse(text)));
    const served = records.filter(({ status }) => status === 200);
    expect(served).toMatchObject([{ caller: `${issuer.url}#clara`, route: "GET /fhir/{resourceType}" }]);
  });

  it("a caller sees the CCDs that it requested, and no others", async () => {
    const [clara, paul] = [await tokenOf("clara"), await tokenOf("paul")];
    const { requestId } = await requestOf(await requestCcds(clara));
    const event = await test.awaitCcdEnd(requestId);
    expect(event["detail-type"]).toBe("Ccd Ready");
    const path = `/ccd-requests/${requestId}`;
    // The event is published before the record ends.
    await expect.poll(async () => (await requestOf(await send(path, clara))).state).toBe("ready");
    expect((await send(path, clara)).status).toBe(200);
    expect((await send(path, await tokenOf("clara"))).status).toBe(200);
    expect((await send(`${path}/documents/1`, clara, { redirect: "manual" })).status).toBe(303);
    for (const place of [path, `${path}/documents/1`]) expect((await send(place, paul)).status).toBe(404);
  });

  it("the API's description needs no token", async () => {
    expect((await send("/openapi.json", undefined)).status).toBe(200);
  });
});
