import type { AdoptInput, Completion } from "#bulk-export/language/export-state.ts";
import { landedFact } from "#bulk-export/language/landed-fact.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface AdoptResultPorts {
  records: Pick<ExportRecords, "getSummary" | "saveSummary">;
  audit: ExportAudit;
  log: Log;
  now: () => number;
}

/**
 * Takes over the result of the identical export that this one waited for: a summary of its own, the same objects. Nothing
 * is asked of the server, and nothing is downloaded twice.
 */
export const adoptResult =
  ({ records, audit, log, now }: AdoptResultPorts): Step<AdoptInput, Completion> =>
  async ({ export: context, lease: { following } }) => {
    if (following === null) throw new Error("there is no export whose result could be adopted");
    const theirs = await records.getSummary(following);
    if (theirs.status === "failed") throw new Error(`export ${following} has no result that could be adopted`);
    const { exportId, run, requestId, request, predecessor, startedAt } = context;
    const completedAt = new Date(now()).toISOString();
    const summary = {
      ...theirs,
      exportId,
      run,
      requestId,
      request,
      predecessor,
      adoptedFrom: following,
      timings: { ...theirs.timings, startedAt, completedAt },
    };
    await records.saveSummary(summary);
    await audit.append(context, "landed", landedFact(summary));
    log.info("adopted the result of an identical export", { from: following, files: theirs.files.length });
    return { status: theirs.status, deleteJob: false };
  };
