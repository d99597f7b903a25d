import type { ExportPlan } from "#bulk-export/language/export-plan.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { ExportRecords } from "./export-records.ts";

/**
 * Reads plans, and keeps the last one in memory. One container downloads many files of the same export, and a plan of 10,000
 * files has several megabytes. A plan does not change during a run; the next run renews its URLs, so its plan is read again.
 */
export function planReader(records: Pick<ExportRecords, "getPlan">): (run: ExportRun) => Promise<ExportPlan> {
  let last: ExportPlan | undefined;
  return async ({ exportId, run }) => {
    if (last?.exportId !== exportId || last.run !== run) last = await records.getPlan(exportId);
    return last;
  };
}
