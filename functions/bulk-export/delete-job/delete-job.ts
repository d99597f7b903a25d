import { ClientKeyUnusable } from "#bulk-export/language/export-faults.ts";
import { executionName } from "#bulk-export/language/export-runs.ts";
import type { DeleteJobInput, Deletion } from "#bulk-export/language/export-state.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import { AccessRefused } from "#platform/faults/faults.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface DeleteJobPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy">;
  records: Pick<ExportRecords, "findJob">;
  log: Log;
  sleep: (ms: number) => Promise<void>;
}

const pausesMs = [1_000, 4_000];

/**
 * Asks the server to forget the job and its files. A DELETE that fails is told, and fails nothing: the server deletes
 * the files by itself after 48 hours (guide, "Download the ndjson file").
 */
export const deleteJobStep =
  (ports: DeleteJobPorts): Step<DeleteJobInput, Deletion> =>
  async ({ export: context }, { signal }) => {
    const job = await ports.records.findJob(context.exportId);
    if (job === undefined || job.foreign) return { deleted: false };
    // Without the lease, the server may have handed this job to the export whose turn it is.
    if (!(await ports.leases.isHeldBy(context.request.level, executionName(context)))) return { deleted: false };
    for (const pause of [...pausesMs, undefined]) {
      try {
        await ports.deleteJob(new URL(job.statusUrl), signal);
        return { deleted: true };
      } catch (fault) {
        ports.log.warn("the server did not delete the job", { reason: reasonOf(fault) });
        // Credentials that were just refused twice will be refused again.
        if (fault instanceof AccessRefused || fault instanceof ClientKeyUnusable) break;
        if (pause !== undefined) await ports.sleep(pause);
      }
    }
    return { deleted: false };
  };
