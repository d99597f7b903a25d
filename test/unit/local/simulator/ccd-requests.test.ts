import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accessTokenOf,
  ccdOrder,
  DEVICE_HEADERS,
  requestIdOf,
  startUserFixture,
  USER_ID,
  type UserFixture,
} from "./user-client.ts";

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
  const id = requestIdOf(await fixture.ask(patientId, dates));
  fixture.simulator.completeCcdRequests();
  return id;
};

describe("request for CCDs", () => {
  it("is accepted as the guide prints it", async () => {
    const answer = await fixture.ask(patientId);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      status: true,
      message: "Your request is in progress",
      code: "BESR01",
      responseStatus: 200,
      bulkActionRequest: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    expect(fixture.simulator.ccdRequests()).toMatchObject([{ userId: USER_ID, patientId, status: "Pending" }]);
  });

  it("while another of the user is pending is given that one's id, whoever it is for", async () => {
    const first = requestIdOf(await fixture.ask(patientId));
    const answer = await fixture.ask(fixture.patientIds[0] ?? "");
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
    const other = await fixture.post(KICK_OFF, ccdOrder(patientId), { ...DEVICE_HEADERS, "x-auth-token": token });
    expect(other.status).toBe(200);
    fixture.simulator.completeCcdRequests();
    expect((await fixture.ask(patientId)).status).toBe(200);
  });

  it("may stay pending until its documents were downloaded", async () => {
    fixture.simulator.settings.ccdPendingUntil = "downloaded";
    const id = await readyRequest();
    expect(requestIdOf(await fixture.ask(patientId))).toBe(id);
    expect((await fixture.download(id)).status).toBe(200);
    expect(requestIdOf(await fixture.ask(patientId))).not.toBe(id);
  });

  it("does not stay pending once it has failed", async () => {
    const id = requestIdOf(await fixture.ask(patientId));
    fixture.simulator.failCcdRequest(id);
    expect((await fixture.ask(patientId)).status).toBe(200);
    const failed = await fixture.download(id);
    expect([failed.status, failed.json()]).toMatchObject([500, { status: false, code: "500" }]);
  });

  it("made elsewhere blocks the user until it is cleared, or for a time", async () => {
    const { simulator } = fixture;
    const forever = simulator.addForeignCcdRequest({ userId: USER_ID, patientId });
    simulator.completeCcdRequests();
    expect(requestIdOf(await fixture.ask(patientId))).toBe(forever);
    simulator.clearCcdRequest(forever);
    const own = requestIdOf(await fixture.ask(patientId));
    simulator.completeCcdRequests();
    const brief = simulator.addForeignCcdRequest({ userId: USER_ID, patientId, durationMs: 200 });
    expect(requestIdOf(await fixture.ask(patientId))).toBe(brief);
    await expect.poll(async () => (await fixture.ask(patientId)).status, { timeout: 5000 }).toBe(200);
    expect(simulator.ccdRequests().map(({ foreign }) => foreign)).toEqual([true, false, true, false]);
    expect(own).not.toBe(brief);
  });

  it.each([
    ["no searchCriteria", { actionName: "ENCOUNTER_EXPORT" }],
    ["no actionName", { searchCriteria: { constraints: { patientId: "25000000001" } } }],
    ["another actionName", { ...ccdOrder("25000000001"), actionName: "OTHER" }],
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
  ])("with %s is answered as the guide prints it", async (_, body) => {
    const answer = await fixture.post(KICK_OFF, body);
    expect([answer.status, answer.json()]).toEqual([400, BAD_REQUEST]);
    expect(fixture.simulator.ccdRequests()).toEqual([]);
  });

  it("for a patient whom the user may not see is refused", async () => {
    fixture.simulator.registerUser({ userId: USER_ID, patients: [] });
    expect((await fixture.ask(patientId)).status).toBe(400);
    expect(reason()).toContain("may see");
  });

  it.each(["2012-01-01T00:00:00.000+0500", "2012-01-01T00:00:00.000+500"])("takes the date %s", async (startDate) => {
    expect((await fixture.ask(patientId, { startDate })).status).toBe(200);
    expect(fixture.simulator.ccdRequests()[0]?.start).toBe(Date.parse("2012-01-01T00:00:00.000+05:00"));
  });
});

describe("headers of the portal's requests", () => {
  it.each([
    [KICK_OFF, "appVersion"],
    [NONCE, "appVerson"],
  ])("%s needs every header that the guide lists, with %s spelled so", async (path, version) => {
    const otherSpelling = version === "appVersion" ? "appVerson" : "appVersion";
    for (const name of Object.keys(DEVICE_HEADERS)) {
      const headers: Record<string, string> = { ...DEVICE_HEADERS, "x-auth-token": fixture.token };
      delete headers[name];
      const answer = await fixture.post(path, ccdOrder(patientId), headers);
      expect([name, answer.status]).toEqual([name, name === otherSpelling ? 200 : 400]);
      fixture.simulator.completeCcdRequests();
    }
    fixture.simulator.settings.ccdHeaders = "lenient";
    expect((await fixture.post(path, ccdOrder(patientId), { "x-auth-token": fixture.token })).status).toBe(200);
  });

  it.each([KICK_OFF, NONCE])("%s answers Tomcat's 401 page without a good x-auth-token", async (path) => {
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
  it("is answered as the guide prints it", async () => {
    const answer = await fixture.post(NONCE, {});
    expect([answer.status, answer.json()]).toEqual([200, { nonceToken: expect.stringMatching(/^[A-Z0-9]{15}$/) }]);
  });

  it("is good for one download, also for one that was not ready, and for a time", async () => {
    const id = requestIdOf(await fixture.ask(patientId));
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
