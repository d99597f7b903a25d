import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { PollInput, PollResult } from "#bulk-export/language/export-state.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { JobStatus } from "#bulk-export/server/export-job.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, nextTry, pollIntervalMs, troubleIntervalMs, worthAnotherTry } from "#platform/pacing/pacing.ts";

export interface PollExportPorts {
  pollStatus(statusUrl: URL, signal: AbortSignal): Promise<JobStatus>;
  records: Pick<ExportRecords, "findJob" | "saveManifest">;
  log: Log;
  now: () => number;
}

/**
 * Asks once how the job stands. "Not ready" is an answer like any other; a manifest is kept in S3 as it came.
 * @throws ExportJobFailed, ExportJobGone, AccessRefused, ClientKeyUnusable, OriginRefused
 * @throws ServerUnavailable after too many answers in a row that told nothing
 */
export const pollExport =
  (ports: PollExportPorts): Step<PollInput, PollResult> =>
  async ({ export: context, poll: previous }, { signal }) => {
    const polls = (previous?.polls ?? 0) + 1;
    const job = await ports.records.findJob(context.exportId);
    if (job === undefined || job.foreign)
      throw new ExportJobGone("the export never had a job of its own to go on with");
    const elapsed = elapsedOf(context, ports.now());
    try {
      const status = await ports.pollStatus(new URL(job.statusUrl), signal);
      if (status.state === "complete") {
        await ports.records.saveManifest(context.exportId, 1, status.manifest);
        ports.log.info("the export is ready", { polls });
        return { outcome: "ready", ...nextTry(ports.now(), 0), polls, troubles: 0 };
      }
      ports.log.info("the export is in progress", { polls, progress: status.progress?.slice(0, 100) });
      const wait = pollIntervalMs({ retryAfterMs: status.retryAfterMs, polls, ...elapsed });
      return { outcome: "in-progress", ...nextTry(ports.now(), wait), polls, troubles: 0 };
    } catch (fault) {
      const troubles = (previous?.troubles ?? 0) + 1;
      if (!(fault instanceof ServerUnavailable) || !worthAnotherTry(troubles, fault)) throw fault;
      ports.log.warn("the status request got no answer that counts", { polls, troubles, reason: fault.message });
      return {
        outcome: "in-progress",
        ...nextTry(ports.now(), troubleIntervalMs(troubles, fault.retryAfterMs, elapsed)),
        polls,
        troubles,
      };
    }
  };
