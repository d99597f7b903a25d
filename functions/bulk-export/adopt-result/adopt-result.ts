import { countSteps } from "#bulk-export/language/export-cost.ts";
import { phasesOf } from "#bulk-export/language/export-phases.ts";
import type { AdoptInput, Completion } from "#bulk-export/language/export-state.ts";
import type { SummaryHead } from "#bulk-export/language/export-summary.ts";
import { landedFactHead } from "#bulk-export/language/landed-fact.ts";
import { LandedList } from "#bulk-export/language/landed-list.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface AdoptResultPorts {
  records: Pick<ExportRecords, "openSummary" | "saveSummary">;
  audit: Pick<ExportAudit, "appendLanded">;
  reports: Pick<ProgressReports, "storeResult">;
  log: ExportLog;
  now: () => number;
}

/**
 * Takes over the result of the identical export that this one waited for. This export gets a summary of its own, which
 * names the other export's objects. It sends no request to the server and downloads no file.
 * @throws Error if the other export has no summary, or has failed
 */
export const adoptResult =
  ({ records, audit, reports, log, now }: AdoptResultPorts): Step<AdoptInput, Completion> =>
  async ({ export: context, lease: { following, attempts } }) => {
    if (following === null)
      throw new Error(`export ${context.exportId} follows no export, so there is no result to adopt`);
    const { files, ...followed } = await records.openSummary(following);
    const landed = new LandedList();
    for await (const file of files) landed.add(file);
    if (followed.status === "failed") throw new Error(`export ${following} has failed, so it has no result to adopt`);
    const { exportId, run, requestId, request, predecessor, startedAt } = context;
    const completedAt = new Date(now()).toISOString();
    const summary: SummaryHead = {
      ...followed,
      exportId,
      run,
      requestId,
      request,
      predecessor,
      adoptedFrom: following,
      timings: { ...followed.timings, startedAt, completedAt },
      phases: phasesOf({ startedAt, kickedOffAt: completedAt, manifestReadAt: completedAt, completedAt }),
      cost: {
        ...countSteps({ turns: attempts, kickOffs: 0, polls: 0, items: 0 }, "adopted"),
        polls: 0,
        items: 0,
        files: 0,
        bytes: 0,
      },
    };
    await records.saveSummary({ ...summary, files: landed.files });
    await reports.storeResult(summary, landed.linesByType);
    await audit.appendLanded(context, landedFactHead(summary), landed.audited);
    log.info("EXPORT_RESULT_ADOPTED", { from: following, files: landed.files.length });
    return { status: followed.status, deleteJob: false };
  };
