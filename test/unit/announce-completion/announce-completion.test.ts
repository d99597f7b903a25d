import { describe, expect, it } from "vitest";
import type { ExportSummary } from "#contracts/landed.ts";
import { announceCompletion } from "#functions/announce-completion/announce-completion.ts";
import { bridgeInMemory, landedFile, patientExport, plannedFile } from "#test/fixtures/bridge-in-memory.ts";

const at = "2026-03-01T12:00:00.000Z";

function summaryWith(failures: number): ExportSummary {
  const failedFiles = Array.from({ length: failures }, (_, index) => {
    const { kind, type, key } = plannedFile(index);
    return { index, kind, type, key, reason: `reason ${index} ${"x".repeat(600)}`, attempts: 8 };
  });
  return {
    version: "1",
    exportId: "e1",
    requestId: "r1",
    status: failures > 0 ? "partial" : "complete",
    request: patientExport.request,
    transactionTime: at,
    serverJobId: "job-7",
    files: [landedFile(0)],
    failedFiles,
    totals: {
      files: 1,
      failedFiles: failures,
      lines: 2,
      bytes: 10,
      issues: { fatal: 0, error: 0, warning: 0, information: 0 },
    },
    timings: { startedAt: at, kickedOffAt: at, manifestReadAt: at, completedAt: at },
  };
}

async function announced(summary?: ExportSummary) {
  const bridge = bridgeInMemory();
  if (summary) await bridge.records.saveSummary(summary);
  const step = announceCompletion({ records: bridge.records, bus: bridge.bus });
  const input = { export: patientExport, completion: { status: "complete" as const, deleteJob: true } };
  expect(await step(input, bridge.stepContext)).toEqual({});
  return bridge.published;
}

describe("announcing an export", () => {
  it("says what the summary says, and where everything is", async () => {
    expect(await announced(summaryWith(0))).toEqual([
      {
        type: "Export Completed",
        detail: {
          version: "1",
          eventId: "e1/completed",
          exportId: "e1",
          requestId: "r1",
          request: patientExport.request,
          status: "complete",
          transactionTime: at,
          summary: { bucket: "landing", key: "exports/e1/summary.json" },
          manifest: { bucket: "landing", key: "exports/e1/manifest.json" },
          totals: { files: 1, failedFiles: 0, lines: 2, bytes: 10 },
          failedFiles: [],
        },
      },
    ]);
  });

  it("names the first 50 failed files, counts all, and stays within an event's size", async () => {
    const [event] = await announced(summaryWith(5_000));
    const text = JSON.stringify(event);
    expect(event?.detail).toMatchObject({ status: "partial", totals: { failedFiles: 5_000 } });
    expect(text).toContain("reason 49 ");
    expect(text).not.toContain("reason 50 ");
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  });

  it("says nothing where there is no summary", async () => {
    await expect(announced()).rejects.toThrow("summary.json is missing");
  });
});
