import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import {
  type Answer,
  accessTokenOf,
  DEVICE_HEADERS,
  requestIdOf,
  startUserFixture,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

const DOWNLOAD = "integra/MoBulkDownload/bulkDownload";
const NONCE = "integra/moNonce/generateNonceToken";

/** As the guide prints both. */
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
const readyRequest = async (dates: { startDate?: string; endDate?: string } = {}): Promise<string> => {
  const id = requestIdOf(await fixture.requestCcds(patientId, dates));
  fixture.simulator.completeServerRequests();
  return id;
};
const namesIn = ({ body }: Answer): string[] => Object.keys(unzipSync(body));
const portalDate = (time: number): string => new Date(time + 5 * 3_600_000).toISOString().replace("Z", "+0500");
const flagsAndSize = (zip: Buffer): number[] => [zip.readUInt16LE(6) & 8, Math.min(zip.readUInt32LE(22), 1)];

describe("download of CCDs", () => {
  it.each([
    ["in-progress", 200, { status: true, code: "BESR01" }],
    ["already-in-process", 400, { status: false, code: "BEDR01" }],
    ["file-not-found", 403, FILE_NOT_FOUND],
  ] as const)("a download that is not ready answers in the form %s", async (form, status, body) => {
    fixture.simulator.settings.ccdNotReady = form;
    const answer = await fixture.download(requestIdOf(await fixture.requestCcds(patientId)));
    expect([answer.status, answer.json()]).toMatchObject([status, body]);
  });

  it.each([
    ["accepted", 202],
    ["no-content", 204],
    ["empty", 200],
  ] as const)("a download that is not ready answers in the form %s", async (form, status) => {
    fixture.simulator.settings.ccdNotReady = form;
    const answer = await fixture.download(requestIdOf(await fixture.requestCcds(patientId)));
    expect([answer.status, answer.body.length]).toEqual([status, 0]);
  });

  it("a download that is not ready can answer Tomcat's 404 page", async () => {
    fixture.simulator.settings.ccdNotReady = "not-found";
    const answer = await fixture.download(requestIdOf(await fixture.requestCcds(patientId)));
    expect([answer.status, answer.text.includes("HTTP Status 404")]).toEqual([404, true]);
  });

  it("each download has one document per encounter", async () => {
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
    expect(fixture.simulator.serverRequests()[0]).toMatchObject({ status: "Complete", downloads: 2 });
  });

  it("a download has the encounters that begin within the dates", async () => {
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

  it("ccdContainer xml-when-single sends a single document without a ZIP", async () => {
    fixture.simulator.settings.ccdContainer = "xml-when-single";
    expect((await fixture.download(await readyRequest())).headers["content-type"]).toBe("application/zip");
    patientId = fixture.patientIds[0] ?? "";
    const id = await readyRequest();
    const answer = await fixture.download(id);
    expect(answer.headers["content-type"]).toBe("text/xml;charset=UTF-8");
    expect(answer.text).toBe(fixture.simulator.ccdDocumentsOf(id)[0]?.xml);
  });

  it("ccdZipSizes writes data descriptors, or the sizes before the content", async () => {
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

  it("a download needs id and nonce, of a request of the user, within the lifetime of files", async () => {
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

  it("ccdDownloadNeedsToken requires the access token as well", async () => {
    fixture.simulator.settings.ccdDownloadNeedsToken = true;
    const id = await readyRequest();
    expect((await fixture.download(id)).status).toBe(401);
    expect((await fixture.download(id, { "x-auth-token": fixture.token })).status).toBe(200);
  });
});
