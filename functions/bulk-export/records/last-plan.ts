import type { ExportPlan } from "#bulk-export/language/export-records.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { ExportRecords } from "./export-records.ts";

/**
 * Reads plans and keeps the last one: a container downloads many files of the same export, and a plan of 10,000 files
 * is some megabytes. A plan is never rewritten during a run; the next run of the export renews its URLs.
 */
export function lastPlan(records: Pick<ExportRecords, "getPlan">): (run: ExportRun) => Promise<ExportPlan> {
  let last: ExportPlan | undefined;
  return async ({ exportId, run }) => {
    if (last?.exportId !== exportId || last.run !== run) last = await records.getPlan(exportId);
    return last;
  };
}
