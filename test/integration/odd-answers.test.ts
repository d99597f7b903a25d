import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import { apiCaller } from "#local/api-caller.ts";
import type { FaultyEndpoint, ScriptedFault } from "#local/simulator/faults/fault-plan.ts";
import type { ManifestChange, OddCcdForm } from "#local/simulator/faults/fault-schema.ts";
import { postCcdRequest, requestOf } from "#test/fixtures/api-answers.ts";
import { completed, failed } from "#test/fixtures/bridge-under-test.ts";
import { landedFiles, sameBytes, servedFiles } from "#test/fixtures/landed-files.ts";
import { type RetrievalUnderTest, retrievalUnderTest } from "#test/fixtures/retrieval-under-test.ts";

/** What an export is asked for: two files, and the error file with its harmless issue. */
const request = { level: "patient", types: ["Patient", "Condition"] };

describe("a server with odd answers", () => {
  let retrieval: RetrievalUnderTest;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest({
      simulator: { patients: 12, errorFile: "information", ccdDurationMs: 100, exportDurationMs: 200 },
    });
  });
  afterEach(() => {
    retrieval.under.simulator.faults.clear();
    retrieval.under.simulator.completeJobs();
  });
  afterAll(() => retrieval?.under.stop());

  const lastJob = () => retrieval.under.simulator.jobs().at(-1);
  const script = (endpoint: FaultyEndpoint, ...faults: ScriptedFault[]) => {
    retrieval.under.simulator.faults.script(endpoint, faults);
  };
  /** Makes the next five archives odd, because a download may break off on a busy machine, and the next one must be odd as well. */
  const oddArchives = (form: OddCcdForm) => {
    script("ccd-download", ...Array.from({ length: 5 }, () => ({ kind: "odd-ccd", form }) as const));
  };
  const manifestWith = (change: ManifestChange) => {
    script("status", { kind: "odd-manifest", change });
  };
  const expectWhole = async (exportId: string) => {
    const landed = await landedFiles(retrieval.under, exportId);
    expect(landed.delete("errors/error_file_1.ndjson")).toBe(true);
    sameBytes(landed, servedFiles(retrieval.under.simulator, "Patient"));
  };
  /** The `_since` of the last kick-off; null if it had none. */
  const lastSince = () => {
    const query = retrieval.under.simulator.log.findLast(({ endpoint }) => endpoint === "kick-off")?.query;
    return new URLSearchParams(query).get("_since");
  };

  // E8, E9, E11, E13 to E18, E20
  it("an export with odd statuses, headers and tokens is whole", async () => {
    const { under } = retrieval;
    const { simulator } = under;
    simulator.revokeTokens();
    script("token", { kind: "oauth-error", error: "invalid_client" }, { kind: "odd-lifetime", form: "zero" });
    script("kick-off", { kind: "unauthorized" }, { kind: "accepted-status", status: 201 });
    script(
      "status",
      { kind: "status", status: 404, body: "terminal" },
      { kind: "status", status: 403, body: "proxy-page" },
      { kind: "status", status: 400, body: "html" },
      {
        kind: "status",
        status: 202,
        retryAfter: { text: "30.5 seconds" },
        headers: { "x-progress": "x".repeat(10_000) },
      },
      { kind: "status", status: 200, body: "not-yet" },
      { kind: "byte-order-mark" },
    );
    script(
      "download",
      { kind: "status", status: 409, retryAfter: 1, match: "patient_file" },
      { kind: "status", status: 202, retryAfter: 1, match: "condition_file" },
      { kind: "byte-order-mark", match: "error_file" },
    );
    const detail = completed(await under.exportBy(request));
    const { warnings } = await under.caller.readSummary(detail.exportId);

    expect(detail.status).toBe("complete");
    for (const endpoint of ["token", "kick-off", "status"] as const) expect(simulator.faults.pending(endpoint)).toBe(0);
    await expectWhole(detail.exportId);
    expect(warnings.map(({ code }) => code)).toContain("TEXT_CUT");
    expect(detail.warnings).toEqual(Object.fromEntries(warnings.map(({ code, count }) => [code, count])));
    expect(lastJob()?.deleted).toBe(true);
    const polls = simulator.log.filter(({ endpoint, jobId }) => endpoint === "status" && jobId === lastJob()?.id);
    const told = polls.findIndex(({ fault, status }) => fault === "status" && status === 202);
    // Waits are scaled by 0.01 here.
    expect(Number(new Date(polls[told + 1]?.time ?? 0)) - Number(new Date(polls[told]?.time ?? 0))).toBeGreaterThan(
      300,
    );
  });

  // E6, E11
  it("an export with odd URLs and redirects is whole", async () => {
    script("kick-off", { kind: "pipe-in-location" });
    script("status", { kind: "see-other" }, { kind: "odd-manifest", change: "pipe-in-urls" });
    const detail = completed(await retrieval.under.exportBy(request));
    expect([detail.status, detail.warnings]).toEqual(["complete", {}]);
    await expectWhole(detail.exportId);
  });

  // E1, E19, E22, E23
  it.each([
    ["members-as-texts", []],
    ["count-too-small", ["COUNT_EXCEEDED"]],
    ["doubled-entry", ["DUPLICATE_FILE"]],
    ["lower-case-types", []],
  ] satisfies [ManifestChange, string[]][])("an export with an odd manifest (%s) is whole", async (change, codes) => {
    manifestWith(change);
    const detail = completed(await retrieval.under.exportBy(request));
    const { warnings } = await retrieval.under.caller.readSummary(detail.exportId);
    expect([detail.status, warnings.map(({ code }) => code)]).toEqual(["complete", codes]);
    await expectWhole(detail.exportId);
  });

  // E4, E5
  it.each([
    ["zone-less-time", "TIME_WITHOUT_ZONE"],
    ["future-time", "TRANSACTION_TIME_AHEAD"],
    ["far-future-time", "TRANSACTION_TIME_AHEAD"],
  ] satisfies [ManifestChange, string][])(
    "an odd time (%s) leaves no gap before the next export",
    async (change, code) => {
      // Each change has a checkpoint of its own.
      const own = {
        level: "patient",
        types: ["Patient", { "zone-less-time": "Goal", "future-time": "Device" }[change as string] ?? "Procedure"],
      };
      manifestWith(change);
      const first = completed(await retrieval.under.exportBy(own));
      expect([first.status, Object.keys(first.warnings)]).toEqual(["complete", [code]]);
      const { timings } = await retrieval.under.caller.readSummary(first.exportId);
      completed(await retrieval.under.exportBy({ ...own, since: "last-completed" }));
      const since = lastSince() ?? "";
      expect(since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(since)).toBeLessThanOrEqual(Date.parse(timings.kickedOffAt));
    },
  );

  // E2
  it("a manifest without output ends an export of no files", async () => {
    manifestWith("no-output");
    const nothing = { level: "patient", types: ["Patient"], since: new Date().toISOString() };
    const detail = completed(await retrieval.under.exportBy(nothing));
    expect(detail).toMatchObject({ status: "complete", totals: { failedFiles: 0 } });
  });

  // E3
  it("an entry that cannot be fetched leaves the others to land, and the job is kept", async () => {
    manifestWith("entry-without-url");
    const detail = completed(await retrieval.under.exportBy(request));
    const { failedFiles } = await retrieval.under.caller.readSummary(detail.exportId);
    expect(detail).toMatchObject({ status: "partial", totals: { failedFiles: 1 } });
    expect(failedFiles[0]?.reason).toContain("has no URL that can be read");
    expect(lastJob()?.deleted).toBe(false);
  });

  // E7
  it("an export is partial if an issue in its error file has no severity", async () => {
    script("download", { kind: "odd-issue", form: "no-severity" });
    const detail = completed(await retrieval.under.exportBy(request));
    const { totals } = await retrieval.under.caller.readSummary(detail.exportId);
    expect([detail.status, totals.failedFiles, totals.issues.error]).toEqual(["partial", 0, 1]);
  });

  // E21
  it("a manifest whose pages never end is rejected at once, and the job is kept", async () => {
    manifestWith("next-page-is-itself");
    const { error } = failed(await retrieval.under.exportBy(request));
    expect(error.name).toBe("ManifestRejected");
    const id = lastJob()?.id;
    expect(lastJob()?.deleted).toBe(false);
    const manifests = retrieval.under.simulator.log.filter(({ jobId, status }) => jobId === id && status === 200);
    expect(manifests.length).toBeLessThan(5);
  });

  // E12
  it("an OperationOutcome under status 200 fails the export in the server's words", async () => {
    script("status", { kind: "status", status: 200, body: "terminal", words: "the disk is full" });
    const { error } = failed(await retrieval.under.exportBy(request));
    expect([error.name, error.message]).toEqual(["ExportJobFailed", expect.stringContaining("the disk is full")]);
    expect(lastJob()?.deleted).toBe(true);
  });

  /** The patient with the most documents, and how many they are. */
  const someone = () => {
    const { records } = retrieval.under.simulator;
    const documentsOf = (id: string) => records.ofPatient(id).filter(({ type }) => type === "Encounter").length;
    const [first] = records
      .ofType("Patient")
      .map(({ id }) => ({ id, count: documentsOf(id) }))
      .toSorted((one, other) => other.count - one.count);
    return first ?? { id: "", count: 0 };
  };

  describe("for CCDs", () => {
    // The first request refreshes the session.
    beforeAll(() => {
      script("user-token", { kind: "odd-lifetime", form: "null" });
    });

    // D1, D4, D6, D10, D14, D15
    it.each([
      ["stylesheet", ["CDA.xsl"]],
      ["readme", ["README.txt"]],
      ["zip64", []],
      ["unicode-path", []],
      ["html-in-cdata", []],
      ["encounter-null-flavor", []],
      ["iso-8859-1", []],
    ] satisfies [OddCcdForm, string[]][])("an odd archive (%s) gives all documents", async (form, companions) => {
      const { under, ready, request: ask, keysOf } = retrieval;
      oddArchives(form);
      const { id, count } = someone();
      const requestId = await ask(id);
      const { index, documents, refused } = await ready(requestId);
      const listed = ccdDocuments.parse(JSON.parse((await under.caller.readObject(index.key)).toString("utf8")));
      expect([documents, refused, listed.documents.length]).toEqual([count, undefined, count]);
      expect((listed.companions ?? []).map(({ name }) => name)).toEqual(companions);
      expect(listed.documents.flatMap(({ encounterIds }) => encounterIds)).not.toContain("");
      expect(await keysOf(`quarantine/ccds/${requestId}/`)).toEqual([]);
      expect(under.simulator.faults.pending("ccd-download")).toBeLessThan(5);
    });

    // E8
    it("a session goes on after a token of an odd lifetime", () => {
      const refreshes = retrieval.under.simulator.log.filter(({ endpoint }) => endpoint === "user-token");
      expect(refreshes.map(({ fault, status }) => [fault, status])).toEqual([["odd-lifetime", 200]]);
    });

    // D13
    it("one damaged document is named in the answer, event, list and quarantine, and the others land", async () => {
      const { under, ready, keysOf } = retrieval;
      const { id, count } = someone();
      oddArchives("unescaped-ampersand");
      const api = apiCaller(under.bridge.outputs);
      const { requestId } = await requestOf(await postCcdRequest(api, { patientId: id }));
      const event = await ready(requestId);
      const refused = [{ number: count, reason: "undefined-entity" }];
      expect([event.documents, event.refused]).toEqual([count - 1, refused]);
      const answer = await (await api.get(`/ccd-requests/${requestId}`)).json();
      expect(answer).toMatchObject({ state: "ready", refused });
      const listed = ccdDocuments.parse(JSON.parse((await under.caller.readObject(event.index.key)).toString("utf8")));
      expect([listed.documents.length, listed.refused]).toEqual([count - 1, refused]);
      const place = `quarantine/ccds/${requestId}`;
      expect(await keysOf(`${place}/`)).toEqual([`${place}/answer`, `${place}/reason.json`]);
      const reason: unknown = JSON.parse((await under.caller.readObject(`${place}/reason.json`)).toString("utf8"));
      expect(reason).toMatchObject({
        reason: "some-documents",
        files: [{ number: count, reason: "undefined-entity" }],
      });
    });
  });
});
