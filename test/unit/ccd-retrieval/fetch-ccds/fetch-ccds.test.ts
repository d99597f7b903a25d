import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { spoolAnswer } from "#ccd-retrieval/documents/spool-answer.ts";
import { readVerifiedDocuments } from "#ccd-retrieval/documents/verified-documents.ts";
import { fetchCcds } from "#ccd-retrieval/fetch-ccds/fetch-ccds.ts";
import { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { FetchResult, ServerRequestResult } from "#ccd-retrieval/language/ccd-state.ts";
import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import type { CcdDownload } from "#ccd-retrieval/server/download-ccds.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, ObjectConflict } from "#platform/faults/file-faults.ts";
import { ccdText, recordTarget } from "#test/fixtures/ccd-text.ts";
import {
  type CcdsInMemory,
  ccdRecord,
  ccdsInMemory,
  other,
  otherPatient,
  own,
  ownContext,
  ownKnown,
  ownPatient,
} from "#test/fixtures/ccds-in-memory.ts";
import { zipBytes } from "#test/fixtures/zip-bytes.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";

const documentOf = (patientId: string, title = "Summary"): string =>
  ccdText({
    recordTargets: recordTarget(`<id root="2.16.840.1.113883.3.9999.3" extension="${patientId}"/>`),
    tail: `<!-- ${title} -->`,
  });

const byRecordNumber = (title = "Summary"): string =>
  ccdText({
    recordTargets: recordTarget('<id root="2.16.840.1.113883.3.9999.4" extension="MRN-17"/>'),
    tail: `<!-- ${title} -->`,
  });

const archiveOf = (...contents: string[]): Buffer =>
  zipBytes(contents.map((content, place) => ({ name: `Jane Roe ${place}.xml`, content })));

async function* inPieces(bytes: Buffer, fault?: Error): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  if (fault !== undefined) throw fault;
}

const sent = (bytes: Buffer, fault?: Error): CcdDownload => ({
  state: "ready",
  form: "zip",
  chunks: inPieces(bytes, fault),
  wholeness: "length",
  contentType: "application/zip",
});

const notReady: CcdDownload = { state: "not-ready", reason: "HTTP 202", retryAfterMs: undefined };
const accepted: ServerRequestResult = {
  outcome: "accepted",
  waitSeconds: 1,
  nextAt: 1,
  tries: 1,
  troubles: 0,
  fetchFor: own,
};
const unfinished: ServerRequestResult = { ...accepted, outcome: "unfinished", fetchFor: other };

describe("fetch-ccds", () => {
  let bridge: CcdsInMemory;
  let downloaded: string[];
  let empties: number[];
  let answer: CcdDownload | Error;
  let quarantines: number;
  let refusedDocuments: number;
  let settings: DocumentSettings;
  let spooled: string[];
  beforeEach(() => {
    bridge = ccdsInMemory(
      ccdRecord(own, { serverRequestId: "server-1" }),
      ccdRecord(other, { serverRequestId: "server-7" }),
    );
    downloaded = [];
    empties = [];
    answer = sent(archiveOf(documentOf(ownPatient, "one"), documentOf(ownPatient, "two")));
    quarantines = 0;
    refusedDocuments = 0;
    settings = documentSettings.parse(undefined);
    spooled = [];
  });

  const fetch = (order: ServerRequestResult = accepted, last?: FetchResult) => {
    const step = fetchCcds({
      ...bridge,
      download: (_, { serverRequestId, emptyZips }) => {
        downloaded.push(serverRequestId);
        empties.push(emptyZips);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      spool: async (chunks) => {
        const kept = await spoolAnswer(chunks, 200_000);
        spooled.push(kept.file);
        return kept;
      },
      readDocuments: (file, patient) => readVerifiedDocuments(file, patient, settings),
      reportQuarantine: () => {
        quarantines += 1;
      },
      reportRefusedDocuments: (count) => {
        refusedDocuments += count;
      },
    });
    return step({ request: ownContext, order, fetch: last }, bridge.stepContext);
  };
  const keys = (prefix: string): string[] => [...bridge.s3.objects.keys()].filter((key) => key.startsWith(prefix));
  const text = (key: string): string => bridge.s3.objects.get(key)?.body.toString() ?? "";

  it("ZIPs without entries in a row are counted for each CCD request separately", async () => {
    answer = { ...notReady, emptyZip: true };
    const first = await fetch();
    const second = await fetch(accepted, first);
    expect(second).toMatchObject({ outcome: "not-ready", emptyZips: 2 });
    answer = new ServerUnavailable("HTTP 503");
    const third = await fetch(accepted, second);
    expect(third).toMatchObject({ troubles: 1, emptyZips: 2 });
    answer = notReady;
    expect(await fetch(accepted, third)).toMatchObject({ emptyZips: 0 });
    await fetch(unfinished, third);
    expect(empties).toEqual([0, 1, 2, 2, 0]);
  });

  describe("documents that are ready", () => {
    it("every document lands byte for byte, and documents.json lands last", async () => {
      expect(await fetch()).toMatchObject({ outcome: "ready", requestId: own });
      expect(downloaded).toEqual(["server-1"]);
      expect(keys("ccds/")).toEqual([`ccds/${own}/1.xml`, `ccds/${own}/2.xml`, `ccds/${own}/documents.json`]);
      expect(text(`ccds/${own}/2.xml`)).toBe(documentOf(ownPatient, "two"));
      const index = JSON.parse(text(`ccds/${own}/documents.json`)) as { documents: object[] };
      expect(index.documents[0]).toMatchObject({ number: 1, key: `ccds/${own}/1.xml`, bytes: expect.any(Number) });
      expect(bridge.audited()).toEqual([`ccds/${own}/landed.json`]);
    });

    it("fetched documents leave nothing in /tmp, and no name and no patient in logs and audit facts", async () => {
      await fetch();
      await expect(readFile(spooled[0] ?? "")).rejects.toThrow("ENOENT");
      const written = JSON.stringify([bridge.logged, text(`ccds/${own}/landed.json`)]);
      expect(written).not.toMatch(new RegExp(`${ownPatient}|Jane`));
    });

    it("an archive without documents makes the CCD request ready with no documents", async () => {
      answer = sent(archiveOf());
      expect((await fetch()).outcome).toBe("ready");
      expect(JSON.parse(text(`ccds/${own}/documents.json`))).toEqual({ requestId: own, documents: [] });
    });

    it("documents are not downloaded again once documents.json has landed", async () => {
      await fetch();
      expect((await fetch()).outcome).toBe("ready");
      expect(downloaded).toHaveLength(1);
    });

    it("an attempt goes on where an earlier one died, and never replaces a document that landed", async () => {
      const put = { number: 1, chunks: () => inPieces(Buffer.from(documentOf(ownPatient, "one"))) };
      await bridge.landing.putDocument(own, put);
      expect((await fetch()).outcome).toBe("ready");
      bridge.s3.objects.delete(`ccds/${own}/documents.json`);
      answer = sent(archiveOf(documentOf(ownPatient, "another")));
      await expect(fetch()).rejects.toThrow(ObjectConflict);
      expect(text(`ccds/${own}/1.xml`)).toBe(documentOf(ownPatient, "one"));
    });
  });

  describe("documents that are refused", () => {
    const cases: [string, () => Buffer, string, typeof WrongPatient | typeof DocumentsRefused][] = [
      [
        "with another patient's document at the end",
        () => archiveOf(documentOf(ownPatient), documentOf(otherPatient)),
        "wrong-patient",
        WrongPatient,
      ],
      [
        "with a document type in a document",
        () => archiveOf(documentOf(ownPatient), `<!DOCTYPE a SYSTEM "http://x">${documentOf(ownPatient)}`),
        "document-type",
        DocumentsRefused,
      ],
      [
        "with a name that leads out of its folder",
        () => zipBytes([{ name: "../a.xml", content: documentOf(ownPatient) }]),
        "unsafe-name",
        DocumentsRefused,
      ],
    ];
    it.each(cases)(
      "an answer %s lands no document, goes to quarantine as a whole, and is recorded and counted",
      async (_, bytes, reason, fault) => {
        answer = sent(bytes());
        await expect(fetch()).rejects.toThrow(fault);
        expect(keys("ccds/")).toEqual([]);
        expect(bridge.s3.objects.get(`quarantine/ccds/${own}/answer`)?.body).toEqual(bytes());
        expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toMatchObject({ reason, kept: true });
        expect(bridge.audited()).toEqual([`ccds/${own}/quarantined.json`]);
        expect(quarantines).toBe(1);
      },
    );

    // D13
    it("a document that is damaged stays in quarantine, and the others land under their own numbers", async () => {
      const bytes = archiveOf(
        documentOf(ownPatient, "one"),
        documentOf(ownPatient).replace("<title>", "<title>A&O x 3 "),
        documentOf(ownPatient, "three"),
      );
      answer = sent(bytes);
      expect((await fetch()).outcome).toBe("ready");
      expect(keys("ccds/")).toEqual([`ccds/${own}/1.xml`, `ccds/${own}/3.xml`, `ccds/${own}/documents.json`]);
      const refused = [{ number: 2, reason: "malformed-xml" }];
      expect(JSON.parse(text(`ccds/${own}/documents.json`))).toMatchObject({ refused });
      expect(bridge.s3.objects.get(`quarantine/ccds/${own}/answer`)?.body).toEqual(bytes);
      expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toEqual({
        requestId: own,
        kept: true,
        reason: "some-documents",
        message: expect.stringContaining("1 documents"),
        // D9
        files: [
          {
            ...refused[0],
            entry: 2,
            name: "Jane Roe 1.xml",
            message: expect.stringMatching(/^document 2 of 3: .*line/),
          },
        ],
      });
      expect(bridge.audited()).toEqual([`ccds/${own}/quarantined.json`, `ccds/${own}/landed.json`]);
      expect([quarantines, refusedDocuments]).toEqual([0, 1]);
      const said = JSON.stringify([bridge.logged, text(`ccds/${own}/quarantined.json`)]);
      expect(said).toContain("malformed-xml");
      expect(said).not.toMatch(new RegExp(`${ownPatient}|Jane`));
    });

    // D13
    it("an answer all of whose documents are refused by themselves fails the CCD request, and each is named", async () => {
      answer = sent(archiveOf("<ClinicalDocument", documentOf(ownPatient).replace("<title>", "<title>&nbsp;")));
      await expect(fetch()).rejects.toThrow(/^document 1 of 2: .*\(malformed-xml\): no document of CCD request/);
      expect(keys("ccds/")).toEqual([]);
      expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toMatchObject({
        reason: "malformed-xml",
        files: [
          { number: 1, reason: "malformed-xml", name: "Jane Roe 0.xml" },
          { number: 2, reason: "undefined-entity", name: "Jane Roe 1.xml" },
        ],
      });
      expect([quarantines, refusedDocuments]).toEqual([1, 0]);
    });

    it("an answer that is too large is stopped while it arrives", async () => {
      answer = sent(Buffer.alloc(200_001));
      await expect(fetch()).rejects.toThrow("archive-too-large");
      expect(keys("quarantine/")).toEqual([`quarantine/ccds/${own}/reason.json`]);
      expect(quarantines).toBe(1);
    });
  });

  describe("a known patient", () => {
    const ofOther = { ...ownKnown, demographics: { ...ownKnown.demographics, birthDate: "1990-12-31" } };

    it("documents with only the medical record number land if the Patient has that number", async () => {
      answer = sent(archiveOf(byRecordNumber()));
      await expect(fetch()).rejects.toThrow("unproven: unknown-ids");
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ownKnown }));
      answer = sent(archiveOf(byRecordNumber()));
      expect((await fetch()).outcome).toBe("ready");
    });

    it("documents with the patient's id and another person do not land, and the message says what to compare", async () => {
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ofOther }));
      await expect(fetch()).rejects.toThrow(
        /^document 1 of 2 .*\(unproven: person-contradicts-id\); the answer is in quarantine: compare its name, birth date/,
      );
      expect(keys("ccds/")).toEqual([]);
      expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toMatchObject({ reason: "wrong-patient" });
    });

    it("an unfinished request's documents are judged by what is known about its own patient", async () => {
      const known = { serverRequestId: "server-7", patient: ownKnown };
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ofOther }));
      bridge.requests.all.set(other, ccdRecord(other, known));
      answer = sent(archiveOf(byRecordNumber()));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "ready" });
    });

    it("documents are judged by the stage's settings", async () => {
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ownKnown }));
      settings = documentSettings.parse({ patientIdRoots: ["1.2.3"] });
      await expect(fetch()).rejects.toThrow("ccd.documents.patientIdRoots");
      settings = documentSettings.parse({ secondFactor: "required", patientIdRoots: ["2.16.840.1.113883.3.9999.3"] });
      answer = sent(archiveOf(documentOf(ownPatient)));
      expect((await fetch()).outcome).toBe("ready");
      expect(keys("ccds/")).toHaveLength(2);
    });

    it("an answer beyond the stage's limits is refused", async () => {
      settings = documentSettings.parse({ limits: { entries: 1 } });
      await expect(fetch()).rejects.toThrow("too-many-entries");
    });
  });

  describe("documents that are not ready", () => {
    it("the wait for documents grows with the time since the server accepted the request, and is never shorter than Retry-After", async () => {
      const acceptedNow = { ...accepted, nextAt: bridge.clock.now / 1000 + 1 };
      answer = notReady;
      const first = await fetch(acceptedNow);
      expect(first).toMatchObject({ outcome: "not-ready", tries: 1, waitSeconds: 1 });
      bridge.clock.now += 50_000;
      expect(await fetch(acceptedNow, first)).toMatchObject({ tries: 2, waitSeconds: 5 });
      answer = { ...notReady, retryAfterMs: 40_000 };
      expect(await fetch(acceptedNow, first)).toMatchObject({ waitSeconds: 40 });
    });

    it("the wait for an unfinished request's documents grows with the time since that request, so that repeated answers make it no shorter", async () => {
      bridge.clock.now = Date.parse(ccdRecord(other, {}).requestedAt) + 300_000;
      answer = notReady;
      const justFound = { ...unfinished, nextAt: bridge.clock.now / 1000 + 1 };
      expect(await fetch(justFound)).toMatchObject({ outcome: "not-ready", waitSeconds: 30 });
    });

    it.each([
      ["a server that cannot be reached", () => new ServerUnavailable("cut")],
      ["a download that breaks off", () => sent(archiveOf(documentOf(ownPatient)), new FileCut("cut"))],
    ])("another attempt follows %s, up to a limit", async (_, failing) => {
      answer = failing();
      const first = await fetch();
      expect(first).toMatchObject({ outcome: "not-ready", troubles: 1 });
      answer = failing();
      await expect(fetch(accepted, { ...first, troubles: 19 })).rejects.toThrow(ServerUnavailable);
      expect(keys("")).toEqual([]);
    });

    it.each<["zip" | "xml", Buffer]>([
      ["zip", archiveOf(documentOf(ownPatient))],
      // White space after the last element may be cut off unnoticed.
      ["xml", Buffer.from(documentOf(ownPatient).replace(/(?<=<\/ClinicalDocument>).*/s, ""))],
    ])("another attempt follows a body (%s) that ended early with its connection, at any byte", async (form, whole) => {
      const endedAt = (bytes: number) => ({ ...sent(whole.subarray(0, bytes)), form, wholeness: "unproven" }) as const;
      for (let bytes = whole.length - 1; bytes > 4; bytes -= 41) {
        answer = endedAt(bytes);
        expect(await fetch(), `of ${bytes} bytes`).toMatchObject({ outcome: "not-ready", troubles: 1 });
      }
      expect([keys(""), quarantines]).toEqual([[], 0]);
      answer = endedAt(whole.length);
      expect((await fetch()).outcome).toBe("ready");
    });

    it.each<[BufferEncoding, string]>([
      ["utf8", "UTF-8"],
      ["utf16le", "UTF-16"],
    ])("another attempt follows a document (%s) that ended early inside of a character", async (encoding, declared) => {
      const xml = `\ufeff${documentOf(ownPatient).replace("UTF-8", declared).replace("<title>", "<title>Grüße 😀")}`;
      const before = Buffer.from(xml.slice(0, xml.indexOf("😀")), encoding).length;
      const whole = Buffer.from(xml, encoding);
      const endedAt = (bytes: number) =>
        ({ ...sent(whole.subarray(0, bytes)), form: "xml", wholeness: "unproven" }) as const;
      for (const bytes of [before - 1, before + 1, before + 2, before + 3]) {
        answer = endedAt(bytes);
        expect(await fetch(), `of ${bytes} bytes`).toMatchObject({ outcome: "not-ready", troubles: 1 });
      }
      expect([keys(""), quarantines]).toEqual([[], 0]);
      answer = endedAt(whole.length);
      expect((await fetch()).outcome).toBe("ready");
    });

    it("an answer that is cut although its announced length arrived is refused", async () => {
      const whole = archiveOf(documentOf(ownPatient));
      answer = sent(whole.subarray(0, whole.length - 1));
      await expect(fetch()).rejects.toThrow(DocumentsRefused);
    });

    it("a CCD request fails without the server's text if the server will have no documents", async () => {
      answer = { state: "failed", status: 404, code: undefined, diagnostics: `nothing of ${ownPatient}` };
      const fault = await fetch().catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(CcdsRefused);
      expect(String(fault)).not.toContain(ownPatient);
    });
  });

  describe("an unfinished request", () => {
    it("an unfinished request's documents land under its own id, and its end is published", async () => {
      answer = sent(archiveOf(documentOf(otherPatient)));
      expect(await fetch(unfinished)).toMatchObject({ outcome: "other-done", requestId: other });
      expect(downloaded).toEqual(["server-7"]);
      expect(keys("ccds/")).toEqual([`ccds/${other}/1.xml`, `ccds/${other}/documents.json`]);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "ready", failure: null });
      expect(bridge.published).toMatchObject([{ type: "Ccd Ready", detail: { requestId: other, documents: 1 } }]);
      expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending" });
    });

    // D13
    it("an unfinished request's refused documents are in its event", async () => {
      answer = sent(archiveOf(documentOf(otherPatient), `${documentOf(otherPatient)}<`));
      await fetch(unfinished);
      const refused = [{ number: 2, reason: "malformed-xml" }];
      expect(bridge.published).toMatchObject([{ type: "Ccd Ready", detail: { documents: 1, refused } }]);
    });

    it("an unfinished request's documents never land for our patient: they are judged by its own", async () => {
      answer = sent(archiveOf(documentOf(ownPatient)));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(keys("ccds/")).toEqual([]);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "failed", failure: { name: "WrongPatient" } });
      expect(bridge.published).toMatchObject([{ type: "Ccd Failed", detail: { requestId: other } }]);
    });

    it("documents of a request that has ended are downloaded, because the server may wait for that, and not stored", async () => {
      bridge.requests.all.set(other, ccdRecord(other, { serverRequestId: "server-7", state: "failed" }));
      answer = sent(archiveOf(documentOf(otherPatient)));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(downloaded).toEqual(["server-7"]);
      expect([keys(""), bridge.published]).toEqual([[], []]);
    });

    it("attempts are counted for each CCD request separately", async () => {
      answer = notReady;
      const theirs = await fetch(unfinished);
      expect(await fetch(unfinished, theirs)).toMatchObject({ tries: 2 });
      expect(await fetch(accepted, theirs)).toMatchObject({ tries: 1, requestId: own });
    });

    it("a dead session fails our own request and leaves the unfinished one pending", async () => {
      answer = new SessionDead("renew it", { refusal: "grant-refused" });
      await expect(fetch(unfinished)).rejects.toThrow(SessionDead);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "pending" });
    });

    it("an unfinished request's event is published by the next attempt if the bus failed", async () => {
      bridge.busIsDown.value = true;
      answer = sent(archiveOf(documentOf(otherPatient)));
      await expect(fetch(unfinished)).rejects.toThrow("the bus is down");
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "pending" });
      bridge.busIsDown.value = false;
      await fetch(unfinished);
      expect(bridge.published).toHaveLength(1);
    });
  });
});
