import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportFaultName } from "#bulk-export/language/export-faults.ts";
import type { DeleteJobInput, Deletion } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused } from "#platform/faults/faults.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface DeleteJobPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy">;
  records: Pick<ExportRecords, "findJob">;
  log: ExportLog;
  sleep: (ms: number) => Promise<void>;
}

/** The faults by which the server says that a job is over. */
const saidByServer: ReadonlySet<string> = new Set<ExportFaultName>(["ExportJobFailed", "ExportJobGone"]);

const retryPausesMs = [1_000, 4_000];

/**
 * Deletes the job and its files on the server, in at most three attempts. A DELETE that fails is logged and fails
 * nothing, because the server deletes the files by itself after 48 hours (guide, "Download the ndjson file").
 *
 * A job that has a manifest is kept if the export fails, because its files can still be fetched, unless the server itself said that
 * the job is over. Such a failure is that of a resumption, for example while the server is down.
 */
export const deleteJobStep =
  (ports: DeleteJobPorts): Step<DeleteJobInput, Deletion> =>
  async ({ export: context, failure }, { signal }) => {
    const job = await ports.records.findJob(context.exportId);
    if (job === undefined || job.foreign) return { deleted: false };
    const isOver = failure === undefined || saidByServer.has(failure.Error);
    if (job.manifestUrl !== undefined && !isOver) return { deleted: false };
    // If the export has lost the lease, the server may have handed this job to the export that holds it now.
    if (!(await ports.leases.isHeldBy(context.request.level, executionName(context)))) return { deleted: false };
    for (const pause of [...retryPausesMs, undefined]) {
      try {
        await ports.deleteJob(new URL(job.statusUrl), signal);
        return { deleted: true };
      } catch (fault) {
        ports.log.warn("EXPORT_JOB_DELETION_FAILED", { reason: reasonOf(fault) });
        // The server has refused the credentials twice already, and would refuse them again.
        if (fault instanceof AccessRefused || fault instanceof ClientKeyUnusable) break;
        if (pause !== undefined) await ports.sleep(pause);
      }
    }
    return { deleted: false };
  };
