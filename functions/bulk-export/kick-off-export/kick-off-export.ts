import { jobOfAnotherRequest, retryOf, serverReport } from "#bulk-export/language/awaited.ts";
import { exportEventHead } from "#bulk-export/language/event-head.ts";
import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { ExportStopped } from "#bulk-export/language/export-faults.ts";
import { type ExportJob, jobIdOf } from "#bulk-export/language/export-job.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import type { ExportContext, KickOffInput, KickOffResult } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { StartedJob } from "#bulk-export/server/kick-off.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, mayRetry, nextTry, pollIntervalMs, retryIntervalMs } from "#platform/pacing/pacing.ts";

export interface KickOffExportPorts {
  kickOff(request: ExportRequest, signal: AbortSignal): Promise<StartedJob>;
  kickOffUrl(request: ExportRequest): URL;
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy">;
  records: Pick<ExportRecords, "findJob" | "saveJob" | "markKickOff" | "findStop" | "pointers">;
  audit: ExportAudit;
  bus: ExportEventBus;
  reports: Pick<ProgressReports, "report">;
  log: ExportLog;
  now: () => number;
}

/**
 * Kicks off the export at IntegraConnect, stores the job's status URL in S3, and publishes `Export Started`. An export
 * that already has a job keeps it, so a repeated step never starts a second job. If the server hands out a job that
 * belongs to another request, the result is `busy`: the step is repeated until the server hands out another job.
 * @throws KickOffRejected, OriginRefused, AccessRefused, ClientKeyUnusable
 * @throws ServerUnavailable after too many failed attempts
 * @throws ExportStopped if the execution was stopped during the kick-off. The new job is deleted
 * @throws EventsUndelivered if the bus does not accept the event. A repeated step publishes it again
 */
export const kickOffExport =
  (ports: KickOffExportPorts): Step<KickOffInput, KickOffResult> =>
  async ({ export: context, kickOff: previous }, { signal }) => {
    const attempts = (previous?.attempts ?? 0) + 1;
    const known = await ports.records.findJob(context.exportId);
    if (known !== undefined && !known.foreign) return await publishStarted(ports, context, attempts);
    await requireLease(ports, context);
    const sentAt = await ports.records.markKickOff(context.exportId, new Date(ports.now()).toISOString());
    try {
      const started = await ports.kickOff(context.request, signal);
      if (known?.statusUrl === started.statusUrl.href) {
        ports.log.info("EXPORT_MISMATCHED_JOB_RETURNED", { attempts });
        return await retryLater(ports, context, attempts, started.retryAfterMs, jobOfAnotherRequest);
      }
      await storeJob(ports, context, started, sentAt, signal);
      return await publishStarted(ports, context, attempts, started);
    } catch (fault) {
      if (!(fault instanceof ServerUnavailable) || !mayRetry(attempts, fault)) throw fault;
      ports.log.warn("EXPORT_KICK_OFF_FAILED", { attempts, reason: fault.message });
      return await retryLater(ports, context, attempts, fault.retryAfterMs, fault.message);
    }
  };

async function requireLease({ leases }: KickOffExportPorts, context: ExportContext): Promise<void> {
  if (await leases.isHeldBy(context.request.level, executionName(context))) return;
  throw new ExportStopped(
    `the export does not hold the lease of level ${context.request.level} any more, because its execution was stopped`,
  );
}

async function retryLater(
  { reports, now }: KickOffExportPorts,
  context: ExportContext,
  attempts: number,
  retryAfterMs: number | undefined,
  reason: string,
): Promise<KickOffResult> {
  const wait = retryIntervalMs(attempts, retryAfterMs, elapsedOf(context, now()));
  const next = nextTry(now(), wait);
  await reports.report(context, { phase: "atServer", waitsFor: retryOf("The kick-off", reason, next) });
  return { outcome: "busy", ...next, attempts };
}

async function storeJob(
  ports: KickOffExportPorts,
  context: ExportContext,
  { statusUrl }: StartedJob,
  sentAt: string,
  signal: AbortSignal,
): Promise<void> {
  const job: ExportJob = {
    exportId: context.exportId,
    statusUrl: statusUrl.href,
    kickOffUrl: ports.kickOffUrl(context.request).href,
    kickedOffAt: sentAt,
    foreign: false,
  };
  await ports.records.saveJob(job);
  await ports.audit.append(context, "kicked-off", { serverJobId: jobIdOf(job) }, jobIdOf(job));
  ports.log.info("EXPORT_KICKED_OFF", { level: context.request.level, groupId: context.request.groupId });
  if ((await ports.records.findStop(context)) === undefined) return;
  // The export was stopped during the kick-off, by a function that could not know of this job. If the export has lost the lease,
  // the server may have handed out the next export's job, which must not be deleted.
  if (await ports.leases.isHeldBy(context.request.level, executionName(context))) {
    await ports.deleteJob(statusUrl, signal).catch((fault: unknown) => {
      ports.log.warn("EXPORT_JOB_DELETION_FAILED", { reason: reasonOf(fault) });
    });
  }
  throw new ExportStopped("the export was stopped during its kick-off, so its job is not used");
}

async function publishStarted(
  { bus, records, reports, now }: KickOffExportPorts,
  context: ExportContext,
  attempts: number,
  { retryAfterMs, warnings }: Pick<StartedJob, "retryAfterMs" | "warnings"> = { retryAfterMs: undefined },
): Promise<KickOffResult> {
  const { exportId, startedAt } = context;
  await bus.publish({
    type: "Export Started",
    detail: {
      ...exportEventHead(context, "started"),
      startedAt,
      destination: records.pointers(exportId).destination,
    },
  });
  const next = nextTry(now(), pollIntervalMs({ retryAfterMs, workedMs: 0, ...elapsedOf(context, now()) }));
  await reports.report(context, serverReport(next));
  return {
    outcome: "accepted",
    ...next,
    attempts,
    ...(warnings && { warnings }),
  };
}
