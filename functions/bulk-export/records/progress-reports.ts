import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import type { ExportResult } from "#bulk-export/language/export-progress.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { SummaryHead } from "#bulk-export/language/export-summary.ts";
import { type ExportLog, exportLog } from "#bulk-export/log.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import {
  type ExportProgressRecords,
  exportProgressFromEnvironment,
  type ProgressEnd,
  type ProgressReport,
} from "./export-progress.ts";
import { type FileOutcomes, type FileProgress, fileProgressFromEnvironment } from "./file-progress.ts";

/** What the steps of an export say about its progress. */
export interface ProgressReports {
  report(run: ExportRun, report: ProgressReport): Promise<void>;
  /** Stores the numbers of a summary, which replace those of the files. */
  storeResult(summary: SummaryHead, linesByType: Record<string, number>): Promise<void>;
  storeFiles(exportId: string, outcomes: FileOutcomes): Promise<void>;
}

export interface ProgressReportsPorts {
  progress: Pick<ExportProgressRecords, "report" | "storeResult">;
  files: Pick<FileProgress, "store">;
  log: ExportLog;
}

/** Reports that never fail a step: an export goes on without them, and the next report has the newest state. */
export function progressReports({ progress, files, log }: ProgressReportsPorts): ProgressReports {
  const tolerate = async (exportId: string, write: Promise<void>): Promise<void> => {
    try {
      await write;
    } catch (fault) {
      log.warn("EXPORT_PROGRESS_NOT_STORED", { exportId, reason: reasonOf(fault) });
    }
  };
  return {
    report: (run, report) => tolerate(run.exportId, progress.report(run, report)),
    storeResult: (summary, linesByType) =>
      tolerate(summary.exportId, progress.storeResult(summary.exportId, resultOf(summary, linesByType))),
    storeFiles: async (exportId, outcomes) => {
      if (outcomes.landed.length + outcomes.missing.length === 0) return;
      await tolerate(exportId, files.store(exportId, outcomes));
    },
  };
}

function resultOf({ run, status, totals, phases }: SummaryHead, linesByType: Record<string, number>): ExportResult {
  const { files, failedFiles, lines, bytes } = totals;
  return { run, status, totals: { files, failedFiles, lines, bytes }, linesByType, phases: phases ?? null };
}

/** The end that an event announces; undefined if it announces none. `now` is in milliseconds since the epoch. */
export function endOfEvent({ type, detail }: ExportEvent, now: number): ProgressEnd | undefined {
  const endedAt = new Date(now).toISOString();
  switch (type) {
    case "Export Completed":
      return { state: detail.status === "complete" ? "completed" : "partial", error: null, endedAt };
    case "Export Failed":
      return { state: "failed", error: detail.error, endedAt };
    case "Export Cancelled":
      return { state: "cancelled", error: null, endedAt: detail.cancelledAt };
    default:
      return undefined;
  }
}

/** The reports of the function's environment. */
export const progressReportsFromEnvironment = (): ProgressReports =>
  progressReports({ progress: exportProgressFromEnvironment(), files: fileProgressFromEnvironment(), log: exportLog });
