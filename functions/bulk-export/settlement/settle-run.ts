import { exportEventHead } from "#bulk-export/language/event-head.ts";
import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportEvent, ExportEventBus } from "#bulk-export/language/export-events.ts";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-id.ts";
import type { ExportRecord } from "#bulk-export/language/export-record.ts";
import { type ExportRun, factOfRun } from "#bulk-export/language/export-runs.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportProgressRecords } from "#bulk-export/records/export-progress.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { OpenRuns } from "#bulk-export/records/open-runs.ts";
import { endOfEvent } from "#bulk-export/records/progress-reports.ts";
import { explainedFailure } from "#platform/executions/explained-failure.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface SettleRunPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy" | "release">;
  records: Pick<ExportRecords, "findExport" | "findJob" | "markStopped" | "pointers">;
  openRuns: Pick<OpenRuns, "close">;
  progress: Pick<ExportProgressRecords, "end" | "find">;
  audit: ExportAudit;
  bus: ExportEventBus;
  log: ExportLog;
  now: () => number;
}

/** How the execution of a run ended. */
export interface RunEnd {
  /** `MISSING`: Step Functions knows no such execution. It never started, or is too old. */
  status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "MISSING";
  /** The error and the cause of an execution that failed, in the words of Step Functions. */
  error?: string | null | undefined;
  cause?: string | null | undefined;
}

export interface SettledRun {
  /** Whether nothing had published the end of the run before. */
  published: boolean;
  jobDeleted: boolean;
  leaseReleased: boolean;
}

/** Settles a run whose execution is over, see `settleRun`. */
export type SettleRun = (run: ExportRun, end: RunEnd, signal: AbortSignal) => Promise<SettledRun>;

/**
 * Settles a run whose execution is over. If the end of the run was not published, it stores a stop marker, so that Lambdas that
 * still run land no more files, and publishes the end. If the execution still holds the lease, it deletes the job on the server and
 * releases the lease. A run that is settled already stays as it is, so this can be repeated.
 *
 * The job of an execution that failed or exceeded its time limit is kept if it is complete: its files can still be fetched by a
 * resumption.
 * @throws EventsUndelivered
 */
export const settleRun =
  (ports: SettleRunPorts): SettleRun =>
  async (run, end, signal) => {
    const { exportId } = run;
    const holder = executionName(run);
    // An execution that succeeded has published its end itself, or has left it to the export that replaces this one.
    const publishes = end.status !== "SUCCEEDED" && !(await ports.audit.isEndPublished(run));
    const at = new Date(ports.now()).toISOString();
    if (publishes && end.status !== "MISSING")
      await ports.records.markStopped(run, {
        reason: "cancelled",
        fault: "ExportStopped",
        message: messages[end.status],
        at,
      });
    const record = await ports.records.findExport(exportId);
    const holdsLease = record !== undefined && (await ports.leases.isHeldBy(record.request.level, holder));
    const jobDeleted = holdsLease && (await deleteOwnJob(ports, exportId, end, signal));
    const event = endEvent(ports, { run, end, record, at, jobDeleted });
    if (publishes) {
      await ports.audit.append(run, "stopped", { message: messages[end.status], jobDeleted });
      await ports.bus.publish(event);
    }
    await storeEnd(ports, run, end, event);
    // The lease is released last: while the job exists, the server would hand it to the next export.
    const leaseReleased = holdsLease && (await ports.leases.release(record.request.level, holder));
    await ports.openRuns.close(run);
    const settled = { published: publishes, jobDeleted, leaseReleased };
    if (publishes || leaseReleased) ports.log.info("EXPORT_SETTLED", { ...run, status: end.status, ...settled });
    return settled;
  };

/** Stores the end of a run for people, unless a step did so. An execution that succeeded has left its result. */
async function storeEnd(
  { progress, now }: SettleRunPorts,
  run: ExportRun,
  { status }: RunEnd,
  event: ExportEvent,
): Promise<void> {
  if (status !== "SUCCEEDED") {
    const end = endOfEvent(event, now());
    if (end !== undefined) await progress.end(run, end);
    return;
  }
  const { result } = (await progress.find(run.exportId)) ?? {};
  if (result?.run !== run.run || result.status === "failed") return;
  const state = result.status === "complete" ? "completed" : "partial";
  await progress.end(run, { state, error: null, endedAt: new Date(now()).toISOString() });
}

const messages: Record<RunEnd["status"], string> = {
  SUCCEEDED: "its execution succeeded",
  FAILED: "its execution failed",
  TIMED_OUT: "its execution exceeded its time limit",
  ABORTED: "its execution was stopped",
  MISSING: "Step Functions knows no execution of this export, so nothing was exported: request the export again",
};

interface Ended {
  run: ExportRun;
  end: RunEnd;
  record: ExportRecord | undefined;
  at: string;
  jobDeleted: boolean;
}

function endEvent({ records }: SettleRunPorts, { run, end, record, at, jobDeleted }: Ended): ExportEvent {
  const common = (fact: string) => ({
    ...exportEventHead(
      { request: null, requestId: null, predecessor: null, ...record, ...run },
      factOfRun(fact, run.run),
    ),
    destination: records.pointers(run.exportId).destination,
  });
  // An execution that was started by hand may have a name that is no export's id. Only `Export Failed` can name it.
  if (end.status === "ABORTED" && exportIdSchema.safeParse(run.exportId).success)
    return { type: "Export Cancelled", detail: { ...common("cancelled"), cancelledAt: at, jobDeleted } };
  return { type: "Export Failed", detail: { ...common("failed"), error: errorOf(end) } };
}

function errorOf({ status, error, cause }: RunEnd) {
  const message = messages[status];
  switch (status) {
    case "TIMED_OUT":
      return { name: "DeadlineExceeded", message } as const;
    case "ABORTED":
      return { name: "ExportStopped", message } as const;
    case "FAILED":
      if (error != null)
        return explainedFailure({ Error: error, ...(cause != null && { Cause: cause }) }, exportFaultNames);
      return { name: "Unexpected", message: `${message}: read its history` } as const;
    default:
      return { name: "Unexpected", message } as const;
  }
}

/** Deletes the export's job. Must be called only if the run holds the lease: else the job may be the next export's. */
async function deleteOwnJob(
  ports: SettleRunPorts,
  exportId: string,
  { status }: RunEnd,
  signal: AbortSignal,
): Promise<boolean> {
  const job = await ports.records.findJob(exportId);
  if (job === undefined || job.foreign) return false;
  if (status !== "ABORTED" && job.manifestUrl !== undefined) return false;
  try {
    await ports.deleteJob(new URL(job.statusUrl), signal);
    return true;
  } catch (fault) {
    ports.log.warn("EXPORT_JOB_DELETION_FAILED", { exportId, reason: reasonOf(fault) });
    return false;
  }
}
