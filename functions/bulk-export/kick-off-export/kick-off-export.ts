import { exportEvent } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { ExportStopped } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-records.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { executionName } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, KickOffInput, KickOffResult } from "#bulk-export/language/export-state.ts";
import { jobIdOf } from "#bulk-export/language/job-id.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { StartedJob } from "#bulk-export/server/export-job.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, nextTry, pollIntervalMs, troubleIntervalMs, worthAnotherTry } from "#platform/pacing/pacing.ts";

export interface KickOffExportPorts {
  kickOff(request: ExportRequest, signal: AbortSignal): Promise<StartedJob>;
  kickOffUrl(request: ExportRequest): URL;
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy">;
  records: Pick<ExportRecords, "findJob" | "saveJob" | "findStop" | "pointers">;
  audit: ExportAudit;
  bus: ExportEventBus;
  log: Log;
  now: () => number;
}

/**
 * Asks IntegraConnect for the export, keeps the job's status URL in S3 and tells the subscribers. An export that
 * already has a job keeps it: a repeated step never starts a second one. A job that has shown to be another request's is
 * waited out: as long as the server hands it out, it is busy.
 * @throws KickOffRejected, OriginRefused, AccessRefused, ClientKeyUnusable; ServerUnavailable after too many tries
 * @throws ExportStopped where the execution was stopped meanwhile; the new job is deleted
 * @throws EventsUndelivered where the bus does not take the event; a repeated step tells it again
 */
export const kickOffExport =
  (ports: KickOffExportPorts): Step<KickOffInput, KickOffResult> =>
  async ({ export: context, kickOff: previous }, { signal }) => {
    const attempts = (previous?.attempts ?? 0) + 1;
    const known = await ports.records.findJob(context.exportId);
    if (known !== undefined && !known.foreign) return await accepted(ports, context, attempts, undefined);
    await refuseWithoutLease(ports, context);
    try {
      const started = await ports.kickOff(context.request, signal);
      if (known?.statusUrl === started.statusUrl.href) {
        ports.log.info("the server still hands out the job of another request", { attempts });
        return busy(ports, context, attempts, started.retryAfterMs);
      }
      await keepJob(ports, context, started, signal);
      return await accepted(ports, context, attempts, started.retryAfterMs);
    } catch (fault) {
      if (!(fault instanceof ServerUnavailable) || !worthAnotherTry(attempts, fault)) throw fault;
      ports.log.warn("the kick-off got no answer that counts", { attempts, reason: fault.message });
      return busy(ports, context, attempts, fault.retryAfterMs);
    }
  };

async function refuseWithoutLease({ leases }: KickOffExportPorts, context: ExportContext): Promise<void> {
  if (await leases.isHeldBy(context.request.level, executionName(context))) return;
  throw new ExportStopped("the export lost its turn, because its execution was stopped");
}

function busy(
  { now }: KickOffExportPorts,
  context: ExportContext,
  attempts: number,
  retryAfterMs: number | undefined,
): KickOffResult {
  const wait = troubleIntervalMs(attempts, retryAfterMs, elapsedOf(context, now()));
  return { outcome: "busy", ...nextTry(now(), wait), attempts };
}

async function keepJob(
  ports: KickOffExportPorts,
  context: ExportContext,
  { statusUrl }: StartedJob,
  signal: AbortSignal,
): Promise<void> {
  const job: ExportJob = {
    exportId: context.exportId,
    statusUrl: statusUrl.href,
    kickOffUrl: ports.kickOffUrl(context.request).href,
    kickedOffAt: new Date(ports.now()).toISOString(),
    foreign: false,
  };
  await ports.records.saveJob(job);
  await ports.audit.append(context, "kicked-off", { serverJobId: jobIdOf(job) }, jobIdOf(job));
  ports.log.info("export kicked off", { level: context.request.level, groupId: context.request.groupId });
  if ((await ports.records.findStop(context)) === undefined) return;
  // Stopped while the kick-off was under way: whoever stopped it could not know of this job. Without the lease, the
  // server may have handed out the next export's job, which is not ours to delete.
  if (await ports.leases.isHeldBy(context.request.level, executionName(context))) {
    await ports.deleteJob(statusUrl, signal).catch((fault: unknown) => {
      ports.log.warn("the server did not delete the job", { reason: reasonOf(fault) });
    });
  }
  throw new ExportStopped("the export was stopped while it was kicked off; its job is not needed");
}

async function accepted(
  { bus, records, now }: KickOffExportPorts,
  context: ExportContext,
  attempts: number,
  retryAfterMs: number | undefined,
): Promise<KickOffResult> {
  const { exportId, startedAt } = context;
  await bus.publish({
    type: "Export Started",
    detail: {
      ...exportEvent(context, "started"),
      startedAt,
      destination: records.pointers(exportId).destination,
    },
  });
  return {
    outcome: "accepted",
    ...nextTry(now(), pollIntervalMs({ retryAfterMs, polls: 0, ...elapsedOf(context, now()) })),
    attempts,
  };
}
