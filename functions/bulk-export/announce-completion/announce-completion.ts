import { exportEventHead } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { factOfRun } from "#bulk-export/language/export-runs.ts";
import type { AnnounceInput } from "#bulk-export/language/export-state.ts";
import { warningCountsOf } from "#bulk-export/language/export-warnings.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface AnnounceCompletionPorts {
  records: Pick<ExportRecords, "getSummaryHead" | "pointers">;
  bus: ExportEventBus;
}

/** An event has at most 256 KB, so it names only the first files that failed. The summary names all of them. */
const mostNamedFiles = 50;

/**
 * Publishes `Export Completed` with the content of the summary in S3.
 * @throws EventsUndelivered
 */
export const announceCompletion =
  ({ records, bus }: AnnounceCompletionPorts): Step<AnnounceInput, Record<string, never>> =>
  async ({ export: context, completion: { status } }) => {
    const { exportId } = context;
    const { transactionTime, totals, warnings, failedFiles, adoptedFrom } = await records.getSummaryHead(exportId);
    await bus.publish({
      type: "Export Completed",
      detail: {
        ...exportEventHead(context, factOfRun("completed", context.run)),
        status,
        transactionTime,
        adoptedFrom,
        summary: records.pointers(exportId).summary,
        manifest: records.pointers(adoptedFrom ?? exportId).manifest,
        totals: { files: totals.files, failedFiles: totals.failedFiles, lines: totals.lines, bytes: totals.bytes },
        warnings: warningCountsOf(warnings),
        failedFiles: failedFiles.slice(0, mostNamedFiles).map(({ key, type, reason }) => ({ key, type, reason })),
      },
    });
    return {};
  };
