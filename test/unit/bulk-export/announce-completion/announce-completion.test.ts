import { describe, expect, it } from "vitest";
import { announceCompletion } from "#bulk-export/announce-completion/announce-completion.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import { bridgeInMemory, landedFile, patientExport, plannedFile } from "../../../fixtures/bridge-in-memory.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const at = "2026-03-01T12:00:00.000Z";

function summaryWith(failures: number): ExportSummary {
  const failedFiles = Array.from({ length: failures }, (_, index) => {
    const { kind, type, key } = plannedFile(index);
    return { index, kind, type, key, reason: `reason ${index} ${"x".repeat(600)}`, attempts: 8 };
  });
  const summary = emptySummary("e1", failures > 0 ? "partial" : "complete");
  return {
    ...summary,
    files: [landedFile(0)],
    failedFiles,
    totals: { ...summary.totals, files: 1, failedFiles: failures, lines: 2, bytes: 10 },
  };
}

async function publishedFor(summary?: ExportSummary, context: ExportContext = patientExport) {
  const bridge = bridgeInMemory();
  if (summary) await bridge.records.saveSummary(summary);
  const step = announceCompletion({ records: bridge.records, bus: bridge.bus });
  const status = summary?.status === "partial" ? ("partial" as const) : ("complete" as const);
  const input = { export: context, completion: { status, deleteJob: true } };
  expect(await step(input, bridge.stepContext)).toEqual({});
  return bridge.published;
}

describe("the announce-completion step", () => {
  it("the event Export Completed has the content of the summary and points to the export's objects", async () => {
    expect(await publishedFor(summaryWith(0))).toEqual([
      {
        type: "Export Completed",
        detail: {
          version: "1",
          eventId: "e1/completed",
          exportId: "e1",
          run: "first",
          requestId: "r1",
          request: patientExport.request,
          predecessor: null,
          adoptedFrom: null,
          status: "complete",
          transactionTime: at,
          summary: { bucket: "landing", key: "exports/e1/summary.json" },
          manifest: { bucket: "landing", key: "exports/e1/manifest.json" },
          totals: { files: 1, failedFiles: 0, lines: 2, bytes: 10 },
          warnings: {},
          failedFiles: [],
        },
      },
    ]);
  });

  it("the event counts the warnings of the summary by code", async () => {
    const warnings = [
      { code: "COUNT_EXCEEDED", count: 3, example: "file 2" },
      { code: "TIME_WITHOUT_ZONE", count: 1 },
    ];
    const [event] = await publishedFor({ ...summaryWith(0), warnings });
    expect(event?.detail).toMatchObject({ warnings: { COUNT_EXCEEDED: 3, TIME_WITHOUT_ZONE: 1 } });
  });

  it("the completion of a resumed export has an event id of its own", async () => {
    const [event] = await publishedFor(summaryWith(0), { ...patientExport, run: "r1", predecessor: "e0" });
    expect(event?.detail).toMatchObject({ eventId: "e1/completed/r1", run: "r1", predecessor: "e0" });
  });

  it("the event of an export that adopted a result points to its own summary and to the other export's manifest", async () => {
    const [event] = await publishedFor({ ...summaryWith(0), adoptedFrom: "e0" });
    expect(event?.detail).toMatchObject({
      adoptedFrom: "e0",
      summary: { key: "exports/e1/summary.json" },
      manifest: { key: "exports/e0/manifest.json" },
    });
  });

  it("the event names the first 50 failed files, counts all of them, and stays below the size limit of an event", async () => {
    const [event] = await publishedFor(summaryWith(5_000));
    const text = JSON.stringify(event);
    expect(event?.detail).toMatchObject({ status: "partial", totals: { failedFiles: 5_000 } });
    expect(text).toContain("reason 49 ");
    expect(text).not.toContain("reason 50 ");
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  });

  it("an export without a summary is not announced", async () => {
    await expect(publishedFor()).rejects.toThrow("summary.json is missing");
  });
});
