import { request } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import {
  APP,
  accessTokenOf,
  postForm,
  refreshForm,
  requestIdOf,
  startUserFixture,
  USER_ID,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

let fixture: UserFixture;
beforeEach(async () => {
  fixture = await startUserFixture();
});
afterEach(() => fixture.simulator.close());

describe("log of the users' endpoints", () => {
  it("the log has the user, the app and the request, but no credentials, nonces or demographics", async () => {
    const { simulator, patientIds } = fixture;
    const patient = demographicsOf(simulator.records.ofType("Patient")[0]?.line ?? "");
    const phone = patient.telecom[0]?.value ?? "";
    const refreshToken = simulator.openSession({ userId: USER_ID, clientId: APP.clientId });
    simulator.log.length = 0;
    await postForm(simulator, refreshForm(refreshToken));
    const search = new URLSearchParams({ birthdate: patient.birthDate, phone, given: "José" }).toString();
    await fixture.get(`integra/fhir/r4/Patient?${search}`);
    await fixture.get(`integra/fhir/r4/Patient?gender=xyz`);
    await fixture.get(`integra/fhir/r4/Condition?patient=${patientIds[0]}`);
    await fixture.get(`integra/fhir/r4/Practitioner?_id=26000000001`);
    const id = requestIdOf(await fixture.requestCcds(patientIds[0] ?? ""));
    const nonce = await fixture.nonce();
    await fixture.get(`integra/MoBulkDownload/bulkDownload?id=${id}&nonceToken=${nonce}`, {});
    await fixture.get(`integra/elsewhere?name=${patient.birthDate}`);
    expect(simulator.log.map(({ endpoint, query, status }) => [endpoint, query, status])).toEqual([
      ["user-token", "provider=(masked)", 200],
      ["patient-search", "birthdate=(masked)&phone=(masked)&given=(masked)", 200],
      ["patient-search", "gender=(masked)", 403],
      ["resource", "patient=(masked)", 200],
      ["resource", "_id=(masked)", 200],
      ["ccd-request", "", 200],
      ["nonce", "", 200],
      ["ccd-download", "id=(masked)&nonceToken=(masked)", 200],
      ["other", "name=(masked)", 404],
    ]);
    const text = JSON.stringify(simulator.log);
    const secrets = [
      refreshToken,
      APP.clientSecret,
      fixture.token,
      nonce,
      patient.birthDate,
      phone,
      encodeURIComponent(phone),
    ];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/Jos|xyz|25000000001/);
    expect(simulator.log.slice(0, 8).map(({ userId }) => userId)).toEqual(Array.from({ length: 8 }, () => USER_ID));
    expect(simulator.log.slice(0, 7).map(({ clientId }) => clientId)).toEqual(
      Array.from({ length: 7 }, () => APP.clientId),
    );
    expect(simulator.log[5]).toMatchObject({ jobId: id, headers: { "api-info": "V1", appversion: "1.0" } });
    expect(simulator.log[5]?.xAuthToken).toEqual({ present: true, accepted: true });
    expect(simulator.log[1]?.authorization).toEqual({ present: true, accepted: true });
  });
});

describe("faults of the users' endpoints", () => {
  it.each([
    ["user-token", () => fixture.simulator.userTokenUrl],
    ["patient-search", () => `${fixture.simulator.baseUrl}integra/fhir/r4/Patient`],
    ["resource", () => `${fixture.simulator.baseUrl}integra/fhir/r4/Condition`],
    ["ccd-request", () => `${fixture.simulator.baseUrl}integra/MoBulkExport/createBulkExportRequest`],
    ["nonce", () => `${fixture.simulator.baseUrl}integra/moNonce/generateNonceToken`],
    ["ccd-download", () => `${fixture.simulator.baseUrl}integra/MoBulkDownload/bulkDownload`],
  ] as const)("the endpoint %s can fail with 401, 403, 429, 503, cut and garbage", async (endpoint, url) => {
    fixture.simulator.faults.script(endpoint, [
      { kind: "unauthorized" },
      { kind: "status", status: 403, body: "terminal" },
      { kind: "status", status: 429, retryAfter: 7 },
      { kind: "status", status: 503, body: "html" },
      { kind: "garbage" },
      { kind: "cut" },
    ]);
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const answer = await request(url());
      statuses.push(answer.statusCode);
      await answer.body.dump();
    }
    expect(statuses).toEqual([401, 403, 429, 503, 200]);
    await expect(request(url())).rejects.toThrow("closed");
    expect(fixture.simulator.faults.pending(endpoint)).toBe(0);
  });

  it("a request for CCDs that is cut has its effect, unless effect is false", async () => {
    const [patientId = ""] = fixture.patientIds;
    fixture.simulator.faults.script("ccd-request", [{ kind: "cut", effect: false }, { kind: "cut" }]);
    await expect(fixture.requestCcds(patientId)).rejects.toThrow("closed");
    expect(fixture.simulator.serverRequests()).toEqual([]);
    await expect(fixture.requestCcds(patientId)).rejects.toThrow("closed");
    const [made] = fixture.simulator.serverRequests();
    expect(requestIdOf(await fixture.requestCcds(patientId))).toBe(made?.id);
  });

  it("the admin API plans faults and shows the log", async () => {
    const { simulator } = fixture;
    const admin = (method: "PUT" | "POST" | "GET", path: string, body?: object): Promise<{ statusCode: number }> =>
      request(`${simulator.baseUrl}_simulator/${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      });
    const plan = {
      scripts: {
        nonce: [{ kind: "status", status: 429 }],
        "ccd-download": [{ kind: "hostile-ccd", attack: "zip-slip" }],
      },
    };
    expect((await admin("PUT", "faults", plan)).statusCode).toBe(204);
    expect([simulator.faults.pending("nonce"), simulator.faults.pending("ccd-download")]).toEqual([1, 1]);
    await fixture.requestCcds(fixture.patientIds[0] ?? "");
    expect((await admin("POST", "ccd-requests/complete")).statusCode).toBe(204);
    expect(simulator.serverRequests()[0]?.status).toBe("Complete");
    expect((await admin("POST", "user-tokens/revoke")).statusCode).toBe(204);
    expect((await fixture.get("integra/fhir/r4/Patient")).status).toBe(401);
  });

  it("the admin API rotates the signing key, withdraws consents and advances the clock", async () => {
    const { simulator } = fixture;
    const post = async (path: string, body?: object): Promise<number> =>
      (
        await request(`${simulator.baseUrl}_simulator/${path}`, {
          method: "POST",
          body: body === undefined ? null : JSON.stringify(body),
        })
      ).statusCode;
    const keys = async (): Promise<string> => (await fixture.get("integra/Oauth2/jwks.json")).text;
    const before = await keys();
    expect(await post("signing-key/rotate")).toBe(204);
    expect((await keys()).length).toBeGreaterThan(before.length);
    const consent = { userId: USER_ID, clientId: APP.clientId };
    const refreshToken = simulator.openSession(consent);
    expect(await post("consents/withdraw", consent)).toBe(204);
    expect((await postForm(simulator, refreshForm(refreshToken))).status).toBe(400);
    const token = await accessTokenOf(simulator, USER_ID);
    const status = async (): Promise<number> =>
      (await fixture.get("integra/fhir/r4/Patient", { authorization: `Bearer ${token}` })).status;
    expect([await post("clock/advance", { seconds: "many" }), await status()]).toEqual([400, 200]);
    expect([await post("clock/advance", { seconds: 899 }), await status()]).toEqual([204, 401]);
  });
});
