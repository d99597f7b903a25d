import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { PollInput, PollResult } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { JobStatus } from "#bulk-export/server/job-status.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, nextTry, pollIntervalMs, troubleIntervalMs, worthAnotherTry } from "#platform/pacing/pacing.ts";

export interface PollExportPorts {
  pollStatus(statusUrl: URL, signal: AbortSignal): Promise<JobStatus>;
  records: Pick<ExportRecords, "findJob" | "saveManifest">;
  log: ExportLog;
  now: () => number;
}

/**
 * Polls the job once, and computes the wait until the next poll. "In progress" is a result, not an error. When the job
 * is complete, the manifest is stored in S3 as received.
 * @throws ExportJobFailed, ExportJobGone, AccessRefused, ClientKeyUnusable, OriginRefused
 * @throws ServerUnavailable after too many consecutive attempts without an answer about the job
 */
export const pollExport =
  (ports: PollExportPorts): Step<PollInput, PollResult> =>
  async ({ export: context, poll: previous }, { signal }) => {
    const polls = (previous?.polls ?? 0) + 1;
    const job = await ports.records.findJob(context.exportId);
    if (job === undefined || job.foreign)
      throw new ExportJobGone(`export ${context.exportId} has no job of its own to poll: request a new export`);
    const elapsed = elapsedOf(context, ports.now());
    try {
      const status = await ports.pollStatus(new URL(job.statusUrl), signal);
      if (status.state === "complete") {
        await ports.records.saveManifest(context.exportId, 1, status.manifest);
        ports.log.info("EXPORT_MANIFEST_RECEIVED", { polls });
        return { outcome: "ready", ...nextTry(ports.now(), 0), polls, troubles: 0 };
      }
      ports.log.info("EXPORT_PROGRESS_REPORTED", { polls, progress: status.progress?.slice(0, 100) });
      const wait = pollIntervalMs({ retryAfterMs: status.retryAfterMs, polls, ...elapsed });
      return { outcome: "in-progress", ...nextTry(ports.now(), wait), polls, troubles: 0 };
    } catch (fault) {
      const failures = (previous?.troubles ?? 0) + 1;
      if (!(fault instanceof ServerUnavailable) || !worthAnotherTry(failures, fault)) throw fault;
      ports.log.warn("EXPORT_STATUS_REQUEST_FAILED", { polls, failures, reason: fault.message });
      return {
        outcome: "in-progress",
        ...nextTry(ports.now(), troubleIntervalMs(failures, fault.retryAfterMs, elapsed)),
        polls,
        troubles: failures,
      };
    }
  };
