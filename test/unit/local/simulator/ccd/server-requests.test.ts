import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accessTokenOf,
  ccdRequestBody,
  DEVICE_HEADERS,
  requestIdOf,
  startUserFixture,
  USER_ID,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

const KICK_OFF = "integra/MoBulkExport/createBulkExportRequest";
const NONCE = "integra/moNonce/generateNonceToken";
const DOWNLOAD = "integra/MoBulkDownload/bulkDownload";

/** As the guide prints it, for a request without the mandatory key "searchCriteria". */
const BAD_REQUEST = { status: false, message: "Bad Request", code: "400", responseStatus: 400 };

let fixture: UserFixture;
let patientId: string;
beforeEach(async () => {
  fixture = await startUserFixture();
  patientId = fixture.patientIds[2] ?? "";
});
afterEach(() => fixture.simulator.close());

const reason = (): string | null | undefined => fixture.simulator.log.at(-1)?.reason;
const order = (constraints: object): object => ({ actionName: "ENCOUNTER_EXPORT", searchCriteria: { constraints } });
const readyRequest = async (dates: { startDate?: string; endDate?: string } = {}): Promise<string> => {
  const id = requestIdOf(await fixture.requestCcds(patientId, dates));
  fixture.simulator.completeServerRequests();
  return id;
};

describe("request for CCDs", () => {
  it("a request for CCDs is accepted as the guide prints it", async () => {
    const answer = await fixture.requestCcds(patientId);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      status: true,
      message: "Your request is in progress",
      code: "BESR01",
      responseStatus: 200,
      bulkActionRequest: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    expect(fixture.simulator.serverRequests()).toMatchObject([{ userId: USER_ID, patientId, status: "Pending" }]);
  });

  it("a request gets the id of the user's pending request, even if that is for another patient", async () => {
    const first = requestIdOf(await fixture.requestCcds(patientId));
    const answer = await fixture.requestCcds(fixture.patientIds[0] ?? "");
    expect([answer.status, answer.json()]).toEqual([
      400,
      {
        status: false,
        message: "Last request is already in process",
        code: "BEDR01",
        responseStatus: 400,
        bulkActionRequest: first,
      },
    ]);
    fixture.simulator.registerUser({ userId: "dora", patients: "all" });
    const token = await accessTokenOf(fixture.simulator, "dora");
    const other = await fixture.post(KICK_OFF, ccdRequestBody(patientId), { ...DEVICE_HEADERS, "x-auth-token": token });
    expect(other.status).toBe(200);
    fixture.simulator.completeServerRequests();
    expect((await fixture.requestCcds(patientId)).status).toBe(200);
  });

  it("ccdPendingUntil downloaded keeps a request pending until its download", async () => {
    fixture.simulator.settings.ccdPendingUntil = "downloaded";
    const id = await readyRequest();
    expect(requestIdOf(await fixture.requestCcds(patientId))).toBe(id);
    expect((await fixture.download(id)).status).toBe(200);
    expect(requestIdOf(await fixture.requestCcds(patientId))).not.toBe(id);
  });

  it("a failed request is not pending", async () => {
    const id = requestIdOf(await fixture.requestCcds(patientId));
    fixture.simulator.failServerRequest(id);
    expect((await fixture.requestCcds(patientId)).status).toBe(200);
    const failed = await fixture.download(id);
    expect([failed.status, failed.json()]).toMatchObject([500, { status: false, code: "500" }]);
  });

  it("a request that was made elsewhere blocks the user until its release, or for its duration", async () => {
    const { simulator } = fixture;
    const forever = simulator.addUnrelatedServerRequest({ userId: USER_ID, patientId });
    simulator.completeServerRequests();
    expect(requestIdOf(await fixture.requestCcds(patientId))).toBe(forever);
    simulator.releaseServerRequest(forever);
    const own = requestIdOf(await fixture.requestCcds(patientId));
    simulator.completeServerRequests();
    const long = simulator.addUnrelatedServerRequest({ userId: USER_ID, patientId, durationMs: 600_000 });
    expect(requestIdOf(await fixture.requestCcds(patientId))).toBe(long);
    simulator.completeServerRequests();
    simulator.addUnrelatedServerRequest({ userId: USER_ID, patientId, durationMs: 1 });
    await expect.poll(async () => (await fixture.requestCcds(patientId)).status).toBe(200);
    expect(simulator.serverRequests().map(({ unrelated }) => unrelated)).toEqual([true, false, true, true, false]);
    expect(own).not.toBe(long);
  });

  it.each([
    ["no searchCriteria", { actionName: "ENCOUNTER_EXPORT" }],
    ["no actionName", { searchCriteria: { constraints: { patientId: "25000000001" } } }],
    ["another actionName", { ...ccdRequestBody("25000000001"), actionName: "OTHER" }],
    ["no constraints", { actionName: "ENCOUNTER_EXPORT", searchCriteria: {} }],
    ["no patientId", order({})],
    ["a patientId that is a number", order({ patientId: 25_000_000_001 })],
    ["an unknown patient", order({ patientId: "1" })],
    ["a date with Z", order({ patientId: "25000000001", startDate: "2012-01-01T00:00:00.000Z" })],
    ["an offset with a colon", order({ patientId: "25000000001", startDate: "2012-01-01T00:00:00.000+05:00" })],
    ["a date alone", order({ patientId: "25000000001", endDate: "2012-01-01" })],
    ["no such day", order({ patientId: "25000000001", endDate: "2012-13-01T00:00:00.000+0500" })],
    [
      "dates in the wrong order",
      order({
        patientId: "25000000001",
        startDate: "2012-01-02T00:00:00.000+0500",
        endDate: "2012-01-01T00:00:00.000+0500",
      }),
    ],
    ["a list", []],
  ])("a request for CCDs with %s is answered as the guide prints it", async (_, body) => {
    const answer = await fixture.post(KICK_OFF, body);
    expect([answer.status, answer.json()]).toEqual([400, BAD_REQUEST]);
    expect(fixture.simulator.serverRequests()).toEqual([]);
  });

  it("a request for a patient whom the user may not see is refused", async () => {
    fixture.simulator.registerUser({ userId: USER_ID, patients: [] });
    expect((await fixture.requestCcds(patientId)).status).toBe(400);
    expect(reason()).toContain("may not see");
  });

  it.each(["2012-01-01T00:00:00.000+0500", "2012-01-01T00:00:00.000+500"])(
    "a request for CCDs may have the date %s",
    async (startDate) => {
      expect((await fixture.requestCcds(patientId, { startDate })).status).toBe(200);
      expect(fixture.simulator.serverRequests()[0]?.start).toBe(Date.parse("2012-01-01T00:00:00.000+05:00"));
    },
  );
});

describe("headers of the portal's requests", () => {
  it.each([
    [KICK_OFF, "appVersion"],
    [NONCE, "appVerson"],
  ])("%s needs every header that the guide lists, with the spelling %s", async (path, version) => {
    const otherSpelling = version === "appVersion" ? "appVerson" : "appVersion";
    for (const name of Object.keys(DEVICE_HEADERS)) {
      const headers: Record<string, string> = { ...DEVICE_HEADERS, "x-auth-token": fixture.token };
      delete headers[name];
      const answer = await fixture.post(path, ccdRequestBody(patientId), headers);
      expect([name, answer.status]).toEqual([name, name === otherSpelling ? 200 : 400]);
      fixture.simulator.completeServerRequests();
    }
    fixture.simulator.settings.ccdHeaders = "lenient";
    expect((await fixture.post(path, ccdRequestBody(patientId), { "x-auth-token": fixture.token })).status).toBe(200);
  });

  it.each([KICK_OFF, NONCE])("%s answers Tomcat's 401 page without a valid x-auth-token", async (path) => {
    const credentials = [{}, { "x-auth-token": "made-up" }, { authorization: `Bearer ${fixture.token}` }];
    for (const credential of credentials) {
      const answer = await fixture.post(path, {}, { ...DEVICE_HEADERS, ...credential });
      expect([answer.status, answer.headers["content-type"]]).toEqual([401, "text/html;charset=utf-8"]);
      expect(answer.text).toContain("<p>message <u>Access Denied</u></p>");
    }
    expect((await fixture.get(path, { "x-auth-token": fixture.token })).status).toBe(405);
  });
});

describe("nonce", () => {
  it("a nonce request is answered as the guide prints it", async () => {
    const answer = await fixture.post(NONCE, {});
    expect([answer.status, answer.json()]).toEqual([200, { nonceToken: expect.stringMatching(/^[A-Z0-9]{15}$/) }]);
  });

  it("a nonce is good for one download, ready or not, within its lifetime", async () => {
    const id = requestIdOf(await fixture.requestCcds(patientId));
    const nonce = await fixture.nonce();
    const target = `${DOWNLOAD}?id=${id}&nonceToken=${nonce}`;
    expect((await fixture.get(target, {})).status).toBe(200);
    expect((await fixture.get(target, {})).status).toBe(401);
    expect(reason()).toBe("the nonce was used before");
    fixture.simulator.settings.nonceLifetimeSeconds = 0;
    expect((await fixture.download(id)).status).toBe(401);
    expect(reason()).toBe("the nonce has expired");
    expect((await fixture.get(`${DOWNLOAD}?id=${id}&nonceToken=HISN262NJ66NDUH`, {})).status).toBe(401);
  });
});
