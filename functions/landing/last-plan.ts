import type { ExportPlan } from "#contracts/landed.ts";
import type { ExportRecords } from "./export-records.ts";

/**
 * Reads plans and keeps the last one: a container downloads many files of the same export, and a plan of 10,000 files
 * is some megabytes. A plan is never rewritten while its files are being downloaded.
 */
export function lastPlan(records: Pick<ExportRecords, "getPlan">): (exportId: string) => Promise<ExportPlan> {
  let last: ExportPlan | undefined;
  return async (exportId) => {
    if (last?.exportId !== exportId) last = await records.getPlan(exportId);
    return last;
  };
}
