import { beforeEach, describe, expect, it } from "vitest";
import { completeExport } from "#bulk-export/complete-export/complete-export.ts";
import { countSteps, repeatedSteps } from "#bulk-export/language/export-cost.ts";
import { completion, type ExportContext } from "#bulk-export/language/export-state.ts";
import { exportSummary } from "#bulk-export/language/export-summary.ts";
import { type IssueCounts } from "#bulk-export/language/landed-file.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  landedFile,
  patientExport,
  patientJob,
  plannedFile,
  planOf,
} from "../../../fixtures/bridge-in-memory.ts";
import { countedState } from "../../../fixtures/counted-state.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const noIssues: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };

describe("the complete-export step", () => {
  let bridge: BridgeInMemory;
  let moves: unknown[];
  beforeEach(async () => {
    bridge = bridgeInMemory();
    moves = [];
    await bridge.records.saveJob(patientJob);
    await bridge.records.savePlan(planOf(plannedFile(0), plannedFile(1)));
  });

  async function complete(context: ExportContext = patientExport, toleratedMissingShare = 0.5) {
    const step = completeExport({
      records: bridge.records,
      reports: bridge.reports,
      receipts: bridge.receipts,
      checkpoints: {
        advance: (...move) => {
          moves.push(move);
          return Promise.resolve(true);
        },
      },
      audit: bridge.audit,
      toleratedMissingShare,
      log: bridge.log,
      now: bridge.now,
    });
    return completion.parse(await step({ export: context, ...countedState }, bridge.stepContext));
  }
  async function landed(index: number, more: Parameters<typeof landedFile>[1] = {}, bytes = 10): Promise<void> {
    const file = landedFile(index, more);
    await bridge.receipts.writeLanded("e1", 0, [file]);
    bridge.s3.objects.set(file.key, { body: Buffer.alloc(bytes), crc32: "", contentType: undefined });
  }
  const failed = (index: number, reason: string) =>
    bridge.receipts.writeFailed("e1", {
      index,
      kind: "output",
      type: "Patient",
      key: plannedFile(index).key,
      reason,
      attempts: 8,
    });

  it("an export is complete if each file of the manifest has its receipt and its object", async () => {
    await landed(0);
    await landed(1);
    expect(await complete()).toEqual({ status: "complete", deleteJob: true });
    const summary = exportSummary.parse(await bridge.records.getSummary("e1"));
    expect(summary).toMatchObject({
      status: "complete",
      requestId: "r1",
      request: patientExport.request,
      transactionTime: "2026-03-01T11:58:00.000Z",
      serverJobId: "job-7",
      failedFiles: [],
      totals: { files: 2, failedFiles: 0, lines: 4, bytes: 20, issues: noIssues },
      timings: { startedAt: patientExport.startedAt, completedAt: "2026-03-01T12:00:00.000Z" },
    });
    expect(summary.files.map(({ index }) => index)).toEqual([0, 1]);
  });

  it("the summary says how long each phase took, and what the run used", async () => {
    await landed(0);
    await landed(1);
    await complete();
    const { phases, cost } = await bridge.records.getSummary("e1");
    expect(phases).toEqual({ waiting: 30, atServer: 15, downloading: 15 });
    const steps = repeatedSteps(countedState);
    expect(cost).toEqual({ ...countSteps(steps, "deleted"), polls: 7, items: 4, files: 2, bytes: 20 });
  });

  it.each([
    ["kept", 1],
    ["failed", 0],
  ] as const)("the summary of an export whose job is %s counts to that end", async (end, share) => {
    await landed(0);
    await failed(1, "403");
    await complete(patientExport, share).catch(() => undefined);
    const { cost } = await bridge.records.getSummary("e1");
    expect(cost).toMatchObject(countSteps(repeatedSteps(countedState), end));
  });

  it("the cost of a resumed run has only the files that this run downloaded", async () => {
    await landed(0, { landedAt: "2026-03-01T11:58:59.999Z" });
    await landed(1);
    await complete();
    const { cost, totals } = await bridge.records.getSummary("e1");
    expect(cost).toMatchObject({ files: 1, bytes: 10 });
    expect(totals).toMatchObject({ files: 2, bytes: 20 });
  });

  it("the summary has no warnings if everything is as it should be", async () => {
    await landed(0);
    await landed(1);
    await complete();
    expect((await bridge.records.getSummary("e1")).warnings).toEqual([]);
    expect(bridge.logged.join()).not.toContain("EXPORT_WARNED");
  });

  // E19
  it("the summary warns of files with more lines than announced, after the warnings of the plan", async () => {
    const planWarning = { code: "DUPLICATE_FILE", count: 2, example: "file 7" };
    await bridge.records.savePlan({
      ...planOf(plannedFile(0, { count: 1 }), plannedFile(1, { count: 2 })),
      warnings: [planWarning],
    });
    await landed(0);
    await landed(1);
    expect((await complete()).status).toBe("complete");
    expect((await bridge.records.getSummary("e1")).warnings).toEqual([
      planWarning,
      { code: "COUNT_EXCEEDED", count: 1, example: "file 0" },
    ]);
    expect(bridge.logged.filter((line) => line.includes("EXPORT_WARNED"))).toHaveLength(2);
  });

  // E4, E5
  it.each([
    ["2026-03-01T12:59:45Z", "TRANSACTION_TIME_AHEAD"],
    ["2036-01-01T00:00:00", "TRANSACTION_TIME_AHEAD"],
    ["soon", "CHECKPOINT_NOT_MOVED"],
    [null, "CHECKPOINT_NOT_MOVED"],
  ])("the summary warns of the transactionTime %s with %s, and keeps it as received", async (transactionTime, code) => {
    await bridge.records.savePlan({ ...planOf(plannedFile(0)), transactionTime });
    await landed(0);
    expect((await complete()).status).toBe("complete");
    expect(await bridge.records.getSummary("e1")).toMatchObject({
      transactionTime,
      warnings: [{ code, count: 1, example: "transactionTime" }],
    });
  });

  it("a summary of an older version has neither warnings nor phases nor cost", () => {
    const { warnings: _, ...older } = emptySummary("e1", "complete");
    expect(exportSummary.parse(older)).toEqual({ ...older, warnings: [] });
  });

  it("an export whose manifest lists no files is complete", async () => {
    await bridge.records.savePlan(planOf());
    expect(await complete()).toEqual({ status: "complete", deleteJob: true });
  });

  it("a complete export moves the checkpoint of its scope from its own since to the server's time", async () => {
    const request = { ...patientExport.request, since: "2026-02-01T00:00:00Z" };
    await landed(0);
    await landed(1);
    await complete({ ...patientExport, request });
    const transactionTime = "2026-03-01T11:58:00.000Z";
    const requestedAt = Date.parse(patientJob.kickedOffAt);
    expect(moves).toEqual([[request, { exportId: "e1", transactionTime, requestedAt, since: "2026-02-01T00:00:00Z" }]]);
  });

  it("an export of which a file failed is partial, names the file, and keeps its job and the checkpoint", async () => {
    await landed(0);
    await failed(1, "403 ATTACHMENT_FILE_NOT_FOUND");
    expect(await complete()).toEqual({ status: "partial", deleteJob: false });
    expect((await bridge.records.getSummary("e1")).failedFiles).toMatchObject([
      { index: 1, reason: "403 ATTACHMENT_FILE_NOT_FOUND" },
    ]);
    expect(moves).toEqual([]);
  });

  it.each([
    ["has neither receipt nor failure", () => Promise.resolve(), "without a receipt"],
    [
      "has a receipt but no object",
      () => bridge.receipts.writeLanded("e1", 0, [landedFile(1)]),
      "its object is missing or differs",
    ],
    ["has an object of another size than its receipt", () => landed(1, {}, 9), "its object is missing or differs"],
    [
      "has a receipt for another key",
      () => landed(1, { key: "exports/e1/Patient/other.ndjson" }),
      "its object is missing or differs",
    ],
  ])("an export is partial if a file %s", async (_, prepare, reason) => {
    await landed(0);
    await prepare();
    expect(await complete()).toEqual({ status: "partial", deleteJob: false });
    const { failedFiles } = await bridge.records.getSummary("e1");
    expect(failedFiles).toMatchObject([
      { index: 1, key: plannedFile(1).key, reason: expect.stringContaining(reason) as string },
    ]);
  });

  it("a file that failed once and landed later counts as landed", async () => {
    await failed(1, "cut");
    await landed(0);
    await landed(1);
    expect((await complete()).status).toBe("complete");
  });

  it.each(["error", "fatal"] as const)(
    "an export is partial if the server reports an issue of severity %s, but its job may be deleted",
    async (severity) => {
      await bridge.records.savePlan(
        planOf(plannedFile(0), plannedFile(1, { kind: "error", type: "OperationOutcome" })),
      );
      await landed(0);
      await landed(1, { kind: "error", type: "OperationOutcome", issues: { ...noIssues, [severity]: 1 } });
      expect(await complete()).toEqual({ status: "partial", deleteJob: true });
      expect(moves).toEqual([]);
    },
  );

  it("an export is complete despite warnings, information, deletions, and OperationOutcomes that are exported data", async () => {
    await bridge.records.savePlan(
      planOf(
        plannedFile(0, { kind: "outcome", type: "OperationOutcome" }),
        plannedFile(1, { kind: "output", type: "OperationOutcome" }),
        plannedFile(2, { kind: "deleted", type: "Bundle" }),
      ),
    );
    await landed(0, { kind: "outcome", type: "OperationOutcome", issues: { ...noIssues, warning: 2, information: 1 } });
    await landed(1, { type: "OperationOutcome", issues: { ...noIssues, fatal: 3 } });
    await landed(2, { kind: "deleted", type: "Bundle" });
    expect((await complete()).status).toBe("complete");
    expect((await bridge.records.getSummary("e1")).totals.issues).toEqual({ ...noIssues, warning: 2, information: 1 });
  });

  it("an export of which no file landed fails with the files' reasons", async () => {
    await failed(0, "403");
    await failed(1, "cut");
    await expect(complete()).rejects.toMatchObject({
      name: "NoFileLanded",
      message: expect.stringMatching(/none of the 2 files.*403; cut/) as string,
    });
    expect(await bridge.records.getSummary("e1")).toMatchObject({ status: "failed", totals: { failedFiles: 2 } });
  });

  it.each([
    [0.5, "partial"],
    [0.49, "TooManyFilesMissing"],
    [0, "TooManyFilesMissing"],
  ])(
    "an export of which one of two files is missing, with a tolerated share of %d, ends as %s",
    async (share, expected) => {
      await landed(0);
      await failed(1, "403");
      const outcome = await complete(patientExport, share).then(
        ({ status }) => status,
        (error: Error) => error.name,
      );
      expect(outcome).toBe(expected);
      const { status, failedFiles } = await bridge.records.getSummary("e1");
      expect({ status, failedFiles: failedFiles.length }).toEqual({
        status: expected === "partial" ? "partial" : "failed",
        failedFiles: 1,
      });
      expect(moves).toEqual([]);
    },
  );

  it("the audit trail records the landed files with their keys and checksums", async () => {
    await landed(0);
    await failed(1, "403");
    await complete();
    const fact = JSON.parse(
      bridge.auditS3.objects.get("exports/e1/first/landed.json")?.body.toString() ?? "",
    ) as object;
    expect(fact).toMatchObject({
      fact: "landed",
      status: "partial",
      files: [{ key: plannedFile(0).key, lines: 2, bytes: 10, checksum: { algorithm: "CRC32" } }],
      missing: [{ key: plannedFile(1).key, reason: "403" }],
    });
  });

  it("an export that was stopped gets no summary", async () => {
    await landed(0);
    await landed(1);
    await bridge.records.markStopped(patientExport, {
      reason: "cancelled",
      fault: "ExportStopped",
      message: "stop",
      at: "2026-03-01T12:00:00Z",
    });
    await expect(complete()).rejects.toMatchObject({ name: "ExportStopped" });
    await expect(bridge.records.getSummary("e1")).rejects.toThrow("missing");
    expect(moves).toEqual([]);
  });
});
