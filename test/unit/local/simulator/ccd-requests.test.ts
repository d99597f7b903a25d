import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import {
  type Answer,
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
const FILE_NOT_FOUND = { status: false, message: "ATTACHMENT_FILE_NOT_FOUND", code: "403", responseStatus: 403 };

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
const namesIn = ({ body }: Answer): string[] => Object.keys(unzipSync(body));
const portalDate = (time: number): string => new Date(time + 5 * 3_600_000).toISOString().replace("Z", "+0500");
const flagsAndSize = (zip: Buffer): number[] => [zip.readUInt16LE(6) & 8, Math.min(zip.readUInt32LE(22), 1)];

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

describe("download of CCDs", () => {
  it.each([
    ["in-progress", 200, { status: true, code: "BESR01" }],
    ["already-in-process", 400, { status: false, code: "BEDR01" }],
    ["file-not-found", 403, FILE_NOT_FOUND],
  ] as const)("says in the form %s that nothing is ready", async (form, status, body) => {
    fixture.simulator.settings.ccdNotReady = form;
    const answer = await fixture.download(requestIdOf(await fixture.ask(patientId)));
    expect([answer.status, answer.json()]).toMatchObject([status, body]);
  });

  it.each([
    ["accepted", 202],
    ["no-content", 204],
    ["empty", 200],
  ] as const)("says in the form %s that nothing is ready", async (form, status) => {
    fixture.simulator.settings.ccdNotReady = form;
    const answer = await fixture.download(requestIdOf(await fixture.ask(patientId)));
    expect([answer.status, answer.body.length]).toEqual([status, 0]);
  });

  it("can say by Tomcat's 404 page that nothing is ready", async () => {
    fixture.simulator.settings.ccdNotReady = "not-found";
    const answer = await fixture.download(requestIdOf(await fixture.ask(patientId)));
    expect([answer.status, answer.text.includes("HTTP Status 404")]).toEqual([404, true]);
  });

  it("has one document per encounter, as often as it is asked for", async () => {
    const id = await readyRequest();
    const expected = fixture.simulator.ccdDocumentsOf(id);
    expect(expected).toHaveLength(3);
    const answer = await fixture.download(id);
    expect(answer.headers["content-type"]).toBe("application/zip");
    expect(answer.headers["content-disposition"]).toBe(`attachment; filename="${id}.zip"`);
    const files = unzipSync(answer.body);
    expect(Object.keys(files)).toEqual(expected.map(({ fileName }) => fileName));
    for (const { fileName, xml } of expected) {
      expect(Buffer.from(files[fileName] ?? []).toString("utf8")).toBe(xml);
    }
    expect((await fixture.download(id)).body.equals(answer.body)).toBe(true);
    expect(fixture.simulator.ccdRequests()[0]).toMatchObject({ status: "Complete", downloads: 2 });
  });

  it("is limited to encounters that begin within the dates", async () => {
    const inDates = z.object({ period: z.object({ start: z.string() }) });
    const starts = fixture.simulator.records
      .ofPatient(patientId)
      .filter(({ type }) => type === "Encounter")
      .map(({ id, line }) => ({ id, start: Date.parse(inDates.parse(JSON.parse(line)).period.start) }))
      .toSorted((one, other) => one.start - other.start);
    const [first, second, third] = starts;
    if (first === undefined || second === undefined || third === undefined) throw new Error("too few encounters");
    const documents = async (startDate: number, endDate: number): Promise<string[]> =>
      namesIn(
        await fixture.download(await readyRequest({ startDate: portalDate(startDate), endDate: portalDate(endDate) })),
      );
    expect(await documents(first.start, second.start)).toEqual([`CCD_${first.id}.xml`, `CCD_${second.id}.xml`]);
    expect(await documents(first.start + 1, third.start - 1)).toEqual([`CCD_${second.id}.xml`]);
    expect(await documents(0, 1)).toEqual([]);
  });

  it("may bring a single document as it is", async () => {
    fixture.simulator.settings.ccdContainer = "xml-when-single";
    expect((await fixture.download(await readyRequest())).headers["content-type"]).toBe("application/zip");
    patientId = fixture.patientIds[0] ?? "";
    const id = await readyRequest();
    const answer = await fixture.download(id);
    expect(answer.headers["content-type"]).toBe("text/xml;charset=UTF-8");
    expect(answer.text).toBe(fixture.simulator.ccdDocumentsOf(id)[0]?.xml);
  });

  it("writes ZIPs with data descriptors, or with the sizes before the content", async () => {
    const id = await readyRequest();
    const streamed = (await fixture.download(id)).body;
    fixture.simulator.settings.ccdZipSizes = "headers";
    const sized = (await fixture.download(id)).body;
    expect([flagsAndSize(streamed), flagsAndSize(sized)]).toEqual([
      [8, 0],
      [0, 1],
    ]);
    expect(unzipSync(sized)).toEqual(unzipSync(streamed));
  });

  it("needs id and nonce, and finds the user's own requests only, for as long as files live", async () => {
    const id = await readyRequest();
    const missing = await fixture.get(`${DOWNLOAD}?id=${id}`, {});
    expect([missing.status, missing.json()]).toEqual([400, BAD_REQUEST]);
    const unknown = await fixture.download("609cf685d5de49ec5014d6de");
    expect([unknown.status, unknown.json()]).toEqual([403, FILE_NOT_FOUND]);
    fixture.simulator.registerUser({ userId: "dora", patients: "all" });
    const headers = { ...DEVICE_HEADERS, "x-auth-token": await accessTokenOf(fixture.simulator, "dora") };
    const { nonceToken } = z.object({ nonceToken: z.string() }).parse((await fixture.post(NONCE, {}, headers)).json());
    expect((await fixture.get(`${DOWNLOAD}?id=${id}&nonceToken=${nonceToken}`, {})).status).toBe(403);
    expect((await fixture.download(id)).status).toBe(200);
    fixture.simulator.settings.fileLifetimeMs = 0;
    expect((await fixture.download(id)).status).toBe(403);
    expect(reason()).toBe("the documents have expired");
  });

  it("may need the access token besides", async () => {
    fixture.simulator.settings.ccdDownloadNeedsToken = true;
    const id = await readyRequest();
    expect((await fixture.download(id)).status).toBe(401);
    expect((await fixture.download(id, { "x-auth-token": fixture.token })).status).toBe(200);
  });
});
