import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { readPatientsDocuments } from "#ccd-retrieval/documents/patients-documents.ts";
import { spooledAnswer } from "#ccd-retrieval/documents/spooled-answer.ts";
import { fetchCcds } from "#ccd-retrieval/fetch-ccds/fetch-ccds.ts";
import { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdFetch, CcdOrderResult } from "#ccd-retrieval/language/ccd-state.ts";
import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import type { CcdDownload } from "#ccd-retrieval/server/ccd.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, ObjectConflict } from "#platform/faults/file-faults.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import { ccdText, recordTarget } from "../../../fixtures/ccd-text.ts";
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
} from "../../../fixtures/ccds-in-memory.ts";
import { zipBytes } from "../../../fixtures/zip-bytes.ts";

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
const accepted: CcdOrderResult = {
  outcome: "accepted",
  waitSeconds: 1,
  nextAt: 1,
  tries: 1,
  troubles: 0,
  fetchFor: own,
};
const unfinished: CcdOrderResult = { ...accepted, outcome: "unfinished", fetchFor: other };

describe("fetching CCDs", () => {
  let bridge: CcdsInMemory;
  let asked: string[];
  let empties: number[];
  let answer: CcdDownload | Error;
  let quarantines: number;
  let settings: DocumentSettings;
  let spooled: string[];
  beforeEach(() => {
    bridge = ccdsInMemory(
      ccdRecord(own, { serverRequestId: "server-1" }),
      ccdRecord(other, { serverRequestId: "server-7" }),
    );
    asked = [];
    empties = [];
    answer = sent(archiveOf(documentOf(ownPatient, "one"), documentOf(ownPatient, "two")));
    quarantines = 0;
    settings = documentSettings.parse(undefined);
    spooled = [];
  });

  const fetch = (order: CcdOrderResult = accepted, last?: CcdFetch) => {
    const step = fetchCcds({
      ...bridge,
      download: ({ requestId, emptyZips }) => {
        asked.push(requestId);
        empties.push(emptyZips);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      spool: async (chunks) => {
        const kept = await spooledAnswer(chunks, 200_000);
        spooled.push(kept.file);
        return kept;
      },
      readDocuments: (file, patient) => readPatientsDocuments(file, patient, settings),
      reportQuarantine: () => {
        quarantines += 1;
      },
    });
    return step({ request: ownContext, order, fetch: last }, bridge.stepContext);
  };
  const keys = (prefix: string): string[] => [...bridge.s3.objects.keys()].filter((key) => key.startsWith(prefix));
  const text = (key: string): string => bridge.s3.objects.get(key)?.body.toString() ?? "";

  it("counts the ZIPs without entries that came in a row, for the same request only", async () => {
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

  describe("that are ready", () => {
    it("lands every document as it came, and the index last", async () => {
      expect(await fetch()).toMatchObject({ outcome: "ready", requestId: own });
      expect(asked).toEqual(["server-1"]);
      expect(keys("ccds/")).toEqual([`ccds/${own}/1.xml`, `ccds/${own}/2.xml`, `ccds/${own}/documents.json`]);
      expect(text(`ccds/${own}/2.xml`)).toBe(documentOf(ownPatient, "two"));
      const index = JSON.parse(text(`ccds/${own}/documents.json`)) as { documents: object[] };
      expect(index.documents[0]).toMatchObject({ number: 1, key: `ccds/${own}/1.xml`, bytes: expect.any(Number) });
      expect(bridge.audited()).toEqual([`audit/ccds/${own}/landed.json`]);
    });

    it("leaves nothing in /tmp, and nothing of names or patients in logs and facts", async () => {
      await fetch();
      await expect(readFile(spooled[0] ?? "")).rejects.toThrow("ENOENT");
      const told = JSON.stringify([bridge.logged, text(`audit/ccds/${own}/landed.json`)]);
      expect(told).not.toMatch(new RegExp(`${ownPatient}|Jane`));
    });

    it("takes an archive without documents for what it is", async () => {
      answer = sent(archiveOf());
      expect((await fetch()).outcome).toBe("ready");
      expect(JSON.parse(text(`ccds/${own}/documents.json`))).toEqual({ requestId: own, documents: [] });
    });

    it("asks for nothing again once the index stands", async () => {
      await fetch();
      expect((await fetch()).outcome).toBe("ready");
      expect(asked).toHaveLength(1);
    });

    it("goes on after a try that died in between, and replaces nothing that is another", async () => {
      const put = { number: 1, chunks: () => inPieces(Buffer.from(documentOf(ownPatient, "one"))) };
      await bridge.landing.putDocument(own, put);
      expect((await fetch()).outcome).toBe("ready");
      bridge.s3.objects.delete(`ccds/${own}/documents.json`);
      answer = sent(archiveOf(documentOf(ownPatient, "another")));
      await expect(fetch()).rejects.toThrow(ObjectConflict);
      expect(text(`ccds/${own}/1.xml`)).toBe(documentOf(ownPatient, "one"));
    });
  });

  describe("that nobody may be served", () => {
    const cases: [string, () => Buffer, string, typeof WrongPatient | typeof DocumentsRefused][] = [
      [
        "where the last document is another patient's",
        () => archiveOf(documentOf(ownPatient), documentOf(otherPatient)),
        "wrong-patient",
        WrongPatient,
      ],
      [
        "where a document has a document type",
        () => archiveOf(documentOf(ownPatient), `<!DOCTYPE a SYSTEM "http://x">${documentOf(ownPatient)}`),
        "document-type",
        DocumentsRefused,
      ],
      [
        "where a name leads out of the folder",
        () => zipBytes([{ name: "../a.xml", content: documentOf(ownPatient) }]),
        "unsafe-name",
        DocumentsRefused,
      ],
    ];
    it.each(cases)(
      "lands nothing %s: the whole answer goes to quarantine, and it is told",
      async (_, bytes, reason, fault) => {
        answer = sent(bytes());
        await expect(fetch()).rejects.toThrow(fault);
        expect(keys("ccds/")).toEqual([]);
        expect(bridge.s3.objects.get(`quarantine/ccds/${own}/answer`)?.body).toEqual(bytes());
        expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toMatchObject({ reason, kept: true });
        expect(bridge.audited()).toEqual([`audit/ccds/${own}/quarantined.json`]);
        expect(quarantines).toBe(1);
      },
    );

    it("stops an answer that is too large as it comes", async () => {
      answer = sent(Buffer.alloc(200_001));
      await expect(fetch()).rejects.toThrow("archive-too-large");
      expect(keys("quarantine/")).toEqual([`quarantine/ccds/${own}/reason.json`]);
      expect(quarantines).toBe(1);
    });
  });

  describe("of a patient who is known", () => {
    const ofOther = { ...ownKnown, demographics: { ...ownKnown.demographics, birthDate: "1990-12-31" } };

    it("lands documents that carry the medical record number alone", async () => {
      answer = sent(archiveOf(byRecordNumber()));
      await expect(fetch()).rejects.toThrow("unproven: unknown-ids");
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ownKnown }));
      answer = sent(archiveOf(byRecordNumber()));
      expect((await fetch()).outcome).toBe("ready");
    });

    it("lands none that carry the patient's id with another person, and tells what to look at", async () => {
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ofOther }));
      await expect(fetch()).rejects.toThrow(
        /^document 1 of 2 .*\(unproven: person-contradicts-id\); the answer is in quarantine: look at its name, birth date/,
      );
      expect(keys("ccds/")).toEqual([]);
      expect(JSON.parse(text(`quarantine/ccds/${own}/reason.json`))).toMatchObject({ reason: "wrong-patient" });
    });

    it("judges an unfinished request's documents by what is known of its own patient", async () => {
      const known = { serverRequestId: "server-7", patient: ownKnown };
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ofOther }));
      bridge.requests.all.set(other, ccdRecord(other, known));
      answer = sent(archiveOf(byRecordNumber()));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "ready" });
    });

    it("judges them by the stage's settings", async () => {
      bridge.requests.all.set(own, ccdRecord(own, { serverRequestId: "server-1", patient: ownKnown }));
      settings = documentSettings.parse({ patientIdRoots: ["1.2.3"] });
      await expect(fetch()).rejects.toThrow("ccd.documents.patientIdRoots");
      settings = documentSettings.parse({ secondFactor: "required", patientIdRoots: ["2.16.840.1.113883.3.9999.3"] });
      answer = sent(archiveOf(documentOf(ownPatient)));
      expect((await fetch()).outcome).toBe("ready");
      expect(keys("ccds/")).toHaveLength(2);
    });

    it("takes no more than the stage's limits", async () => {
      settings = documentSettings.parse({ limits: { entries: 1 } });
      await expect(fetch()).rejects.toThrow("too-many-entries");
    });
  });

  describe("that are not ready", () => {
    it("waits, longer each time, and never shorter than the server asks for", async () => {
      answer = notReady;
      const first = await fetch();
      expect(first).toMatchObject({ outcome: "not-ready", tries: 1, waitSeconds: 3 });
      expect(await fetch(accepted, first)).toMatchObject({ tries: 2, waitSeconds: 5 });
      answer = { ...notReady, retryAfterMs: 40_000 };
      expect(await fetch(accepted, first)).toMatchObject({ waitSeconds: 40 });
    });

    it.each([
      ["a server that cannot be reached", () => new ServerUnavailable("cut")],
      ["a download that breaks off", () => sent(archiveOf(documentOf(ownPatient)), new FileCut("cut"))],
    ])("waits after %s, and not for ever", async (_, trouble) => {
      answer = trouble();
      const first = await fetch();
      expect(first).toMatchObject({ outcome: "not-ready", troubles: 1 });
      answer = trouble();
      await expect(fetch(accepted, { ...first, troubles: 19 })).rejects.toThrow(ServerUnavailable);
      expect(keys("")).toEqual([]);
    });

    it.each<["zip" | "xml", Buffer]>([
      ["zip", archiveOf(documentOf(ownPatient))],
      // Whatever follows the last of its elements is missed by nobody.
      ["xml", Buffer.from(documentOf(ownPatient).replace(/(?<=<\/ClinicalDocument>).*/s, ""))],
    ])("waits after a body (%s) that only the connection's end ended, wherever that was", async (form, whole) => {
      const endedAt = (bytes: number) => ({ ...sent(whole.subarray(0, bytes)), form, wholeness: "unproven" }) as const;
      for (let bytes = whole.length - 1; bytes > 4; bytes -= 41) {
        answer = endedAt(bytes);
        expect(await fetch(), `of ${bytes} bytes`).toMatchObject({ outcome: "not-ready", troubles: 1 });
      }
      expect([keys(""), quarantines]).toEqual([[], 0]);
      answer = endedAt(whole.length);
      expect((await fetch()).outcome).toBe("ready");
    });

    it("takes an answer that came whole, and is cut, for what it is", async () => {
      const whole = archiveOf(documentOf(ownPatient));
      answer = sent(whole.subarray(0, whole.length - 1));
      await expect(fetch()).rejects.toThrow(DocumentsRefused);
    });

    it("fails where there will be none, without the server's words", async () => {
      answer = { state: "failed", status: 404, code: undefined, diagnostics: `nothing of ${ownPatient}` };
      const fault = await fetch().catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(CcdsRefused);
      expect(String(fault)).not.toContain(ownPatient);
    });
  });

  describe("of an unfinished request", () => {
    it("lands them under its id, for its own patient, and tells its end", async () => {
      answer = sent(archiveOf(documentOf(otherPatient)));
      expect(await fetch(unfinished)).toMatchObject({ outcome: "other-done", requestId: other });
      expect(asked).toEqual(["server-7"]);
      expect(keys("ccds/")).toEqual([`ccds/${other}/1.xml`, `ccds/${other}/documents.json`]);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "ready", failure: null });
      expect(bridge.published).toMatchObject([{ type: "Ccd Ready", detail: { requestId: other, documents: 1 } }]);
      expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending" });
    });

    it("never lands them for our patient: they are judged by its own", async () => {
      answer = sent(archiveOf(documentOf(ownPatient)));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(keys("ccds/")).toEqual([]);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "failed", failure: { name: "WrongPatient" } });
      expect(bridge.published).toMatchObject([{ type: "Ccd Failed", detail: { requestId: other } }]);
    });

    it("asks for what ended before, because the server may wait for that, and keeps nothing of it", async () => {
      bridge.requests.all.set(other, ccdRecord(other, { serverRequestId: "server-7", state: "failed" }));
      answer = sent(archiveOf(documentOf(otherPatient)));
      expect((await fetch(unfinished)).outcome).toBe("other-done");
      expect(asked).toEqual(["server-7"]);
      expect([keys(""), bridge.published]).toEqual([[], []]);
    });

    it("counts its tries for itself", async () => {
      answer = notReady;
      const theirs = await fetch(unfinished);
      expect(await fetch(unfinished, theirs)).toMatchObject({ tries: 2 });
      expect(await fetch(accepted, theirs)).toMatchObject({ tries: 1, requestId: own });
    });

    it("fails our own where the session is dead: the unfinished one is not to blame", async () => {
      answer = new SessionDead("renew it", { refusal: "grant-refused" });
      await expect(fetch(unfinished)).rejects.toThrow(SessionDead);
      expect(bridge.requests.all.get(other)).toMatchObject({ state: "pending" });
    });

    it("tells its end again where the bus failed, instead of never", async () => {
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
