import { exportEventHead } from "#bulk-export/language/event-head.ts";
import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportEvent, ExportEventBus } from "#bulk-export/language/export-events.ts";
import type { ExportRecord } from "#bulk-export/language/export-record.ts";
import { type ExportRun, factOfRun, runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExecutionStopped } from "#bulk-export/language/triggers.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface CancelExportPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy" | "release">;
  records: Pick<ExportRecords, "findExport" | "findJob" | "markStopped" | "pointers">;
  audit: ExportAudit;
  bus: ExportEventBus;
  log: ExportLog;
  now: () => number;
}

/**
 * Cleans up after an execution that was stopped, or that exceeded Step Functions' time limit. It stores a stop marker,
 * so that Lambdas that still run land no more files. It deletes the job on the server, publishes the end of the export,
 * and releases the lease. A complete job of an execution that exceeded the limit is kept: its files can still be fetched by
 * a resumption.
 * @throws EventsUndelivered
 */
export const cancelExport =
  (ports: CancelExportPorts): Step<ExecutionStopped, Record<string, never>> =>
  async ({ detail: { name, status, input } }, { signal }) => {
    const run = runOfExecution(name, JSON.parse(input ?? "null"));
    const { exportId } = run;
    const at = new Date(ports.now()).toISOString();
    const message = status === "ABORTED" ? "its execution was stopped" : "its execution exceeded its time limit";
    await ports.records.markStopped(run, { reason: "cancelled", fault: "ExportStopped", message, at });
    const record = await ports.records.findExport(exportId);
    const holdsLease = record !== undefined && (await ports.leases.isHeldBy(record.request.level, executionName(run)));
    const jobDeleted = holdsLease && (await deleteOwnJob(ports, exportId, status, signal));
    await ports.audit.append(run, "stopped", { message, jobDeleted });
    await ports.bus.publish(endEvent(ports, { run, status, record, message, at, jobDeleted }));
    // The lease is released last: while the job exists, the server would hand it to the next export.
    if (holdsLease) await ports.leases.release(record.request.level, executionName(run));
    ports.log.info("EXPORT_CANCELLED", { exportId, status, jobDeleted });
    return {};
  };

interface Ended {
  run: ExportRun;
  status: "ABORTED" | "TIMED_OUT";
  record: ExportRecord | undefined;
  message: string;
  at: string;
  jobDeleted: boolean;
}

function endEvent(
  { records }: CancelExportPorts,
  { run, status, record, message, at, jobDeleted }: Ended,
): ExportEvent {
  const common = (fact: string) => ({
    ...exportEventHead(
      { request: null, requestId: null, predecessor: null, ...record, ...run },
      factOfRun(fact, run.run),
    ),
    destination: records.pointers(run.exportId).destination,
  });
  return status === "ABORTED"
    ? { type: "Export Cancelled", detail: { ...common("cancelled"), cancelledAt: at, jobDeleted } }
    : { type: "Export Failed", detail: { ...common("failed"), error: { name: "DeadlineExceeded", message } } };
}

/** Deletes the export's job. Must be called only if the export holds the lease: else the job may be the next export's. */
async function deleteOwnJob(
  ports: CancelExportPorts,
  exportId: string,
  status: Ended["status"],
  signal: AbortSignal,
): Promise<boolean> {
  const job = await ports.records.findJob(exportId);
  if (job === undefined || job.foreign) return false;
  if (status === "TIMED_OUT" && job.manifestUrl !== undefined) return false;
  try {
    await ports.deleteJob(new URL(job.statusUrl), signal);
    return true;
  } catch (fault) {
    ports.log.warn("EXPORT_JOB_DELETION_FAILED", { exportId, reason: reasonOf(fault) });
    return false;
  }
}
