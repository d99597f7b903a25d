import { retryOf, serverReport } from "#bulk-export/language/awaited.ts";
import { ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import type { ExportContext, KickOffResult, PollInput, PollResult } from "#bulk-export/language/export-state.ts";
import { addWarningCounts } from "#bulk-export/language/export-warnings.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { JobStatus } from "#bulk-export/server/job-status.ts";
import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { Step } from "#platform/lambda/step.ts";
import {
  elapsedOf,
  mayRetry,
  nextTry,
  pollIntervalMs,
  retryIntervalMs,
  timeOf,
  triedAt,
} from "#platform/pacing/pacing.ts";

export interface PollExportPorts {
  pollStatus(statusUrl: URL, signal: AbortSignal): Promise<JobStatus>;
  records: Pick<ExportRecords, "findJob" | "saveJob" | "saveManifest">;
  reports: Pick<ProgressReports, "report">;
  log: ExportLog;
  now: () => number;
}

/**
 * The number of consecutive answers 404 or 410 after which the job counts as gone. A server of several nodes may know a new job on
 * one of them only, so in the first minutes the bridge asks again for about four minutes (2 s, 4 s, … 128 s). Later a
 * single such answer may still be a proxy's, so it must repeat itself as well.
 */
const mostGoneAnswers = { young: 8, known: 3 };
const youthMs = 10 * 60_000;

/**
 * Polls the job once, and computes the wait until the next poll. "In progress" is a result, not an error. When the job
 * is complete, the manifest is stored in S3 as received. An answer that does not speak for the job is a failed attempt, and so are
 * a redirect to another origin (such as a login page) and a 404 that may pass: the step is repeated within bounds.
 * @throws ExportJobFailed, ExportJobGone, AccessRefused, ClientKeyUnusable
 * @throws OriginRefused after too many redirects to another origin
 * @throws ServerUnavailable after too many consecutive attempts without an answer about the job
 */
export const pollExport =
  (ports: PollExportPorts): Step<PollInput, PollResult> =>
  async ({ export: context, kickOff, poll: previous }, { signal }) => {
    const polls = (previous?.polls ?? 0) + 1;
    const job = await ports.records.findJob(context.exportId);
    if (job === undefined || job.foreign)
      throw new ExportJobGone(`export ${context.exportId} has no job of its own to poll: request a new export`);
    const warnings = previous?.warnings;
    try {
      const { warnings: more, ...result } = await pollOnce(ports, { context, job, kickOff, polls }, signal);
      return {
        ...result,
        ...(more === undefined && warnings === undefined ? {} : { warnings: addWarningCounts(warnings, more) }),
      };
    } catch (fault) {
      const failures = (previous?.troubles ?? 0) + 1;
      const gone = fault instanceof ExportJobGone ? (previous?.gone ?? 0) + 1 : 0;
      if (!isPassing(fault)) throw fault;
      if (fault instanceof ExportJobGone && gone >= mostGone(ports, context, job, failures === polls)) throw fault;
      if (!mayRetry(failures, { unexplained: isUnexplained(fault) })) throw fault;
      ports.log.warn("EXPORT_STATUS_REQUEST_FAILED", { polls, failures, reason: fault.message });
      const retryAfterMs = fault instanceof OriginRefused ? undefined : fault.retryAfterMs;
      const wait = retryIntervalMs(gone || failures, retryAfterMs, elapsedOf(context, ports.now()));
      const next = nextTry(ports.now(), wait);
      const waitsFor = retryOf("The status request", fault.message, next);
      await ports.reports.report(context, { phase: "atServer", waitsFor, nextPollAt: timeOf(next) });
      return {
        outcome: "in-progress",
        ...next,
        polls,
        troubles: failures,
        gone,
        ...(warnings && { warnings }),
      };
    }
  };

interface PolledJob {
  context: ExportContext;
  job: ExportJob;
  /** The kick-off of this execution. */
  kickOff: KickOffResult | undefined;
  polls: number;
}

async function pollOnce(
  ports: PollExportPorts,
  { context, job, kickOff, polls }: PolledJob,
  signal: AbortSignal,
): Promise<PollResult> {
  const status = await ports.pollStatus(new URL(job.statusUrl), signal);
  if (status.state === "complete") {
    await ports.records.saveManifest(context.exportId, 1, status.manifest);
    await ports.records.saveJob({ ...job, manifestUrl: status.url.href });
    ports.log.info("EXPORT_MANIFEST_RECEIVED", { polls });
    return { outcome: "ready", ...nextTry(ports.now(), 0), polls, troubles: 0 };
  }
  const { progress, warnings } = status;
  ports.log.info("EXPORT_PROGRESS_REPORTED", { polls, progress: progress?.slice(0, 100), warnings });
  const now = ports.now();
  const workedMs = now - acceptedAt(job, kickOff);
  const wait = pollIntervalMs({ retryAfterMs: status.retryAfterMs, workedMs, ...elapsedOf(context, now) });
  const next = nextTry(ports.now(), wait);
  await ports.reports.report(context, { ...serverReport(next), serverProgress: progress?.slice(0, 100) ?? null });
  return { outcome: "in-progress", ...next, polls, troubles: 0, ...(warnings && { warnings }) };
}

/**
 * When the server accepted the kick-off, in milliseconds since the epoch. A resumed export has no kick-off of its own: its job's
 * first request says how old the job is at most.
 */
const acceptedAt = ({ kickedOffAt }: ExportJob, kickOff: KickOffResult | undefined): number =>
  kickOff?.outcome === "accepted" ? triedAt(kickOff) : Date.parse(kickedOffAt);

type PassingFault = ServerUnavailable | ExportJobGone | OriginRefused;

/** Whether a fault may pass. The others say that the job is over, or that the credentials do not work. */
const isPassing = (fault: unknown): fault is PassingFault =>
  fault instanceof ServerUnavailable || fault instanceof ExportJobGone || fault instanceof OriginRefused;

/**
 * A redirect to another origin gets as few attempts as an answer without any words: it may well be a setting that is wrong. A certificate
 * that is replaced within the hour still saves what the server has prepared for hours.
 */
const isUnexplained = (fault: PassingFault): boolean =>
  fault instanceof OriginRefused ||
  (fault instanceof ServerUnavailable && fault.unexplained && !(fault instanceof CertificateRefused));

/** @param neverSeen whether no answer so far was about the job */
function mostGone({ now }: PollExportPorts, { run }: ExportContext, job: ExportJob, neverSeen: boolean): number {
  const isYoung = neverSeen || now() - Date.parse(job.kickedOffAt) < youthMs;
  return run === "first" && isYoung ? mostGoneAnswers.young : mostGoneAnswers.known;
}
