import { exportEvent } from "#bulk-export/language/event-head.ts";
import type { ExportEvent, ExportEventBus } from "#bulk-export/language/export-events.ts";
import type { ExportRecord } from "#bulk-export/language/export-records.ts";
import { type ExportRun, executionName, factOfRun, runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExecutionStopped } from "#bulk-export/language/triggers.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface CancelExportPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  leases: Pick<Leases, "isHeldBy" | "release">;
  records: Pick<ExportRecords, "findExport" | "findJob" | "markStopped" | "pointers">;
  audit: ExportAudit;
  bus: ExportEventBus;
  log: Log;
  now: () => number;
}

/**
 * Cleans up after an execution that was stopped from outside or ran into Step Functions' own time limit: a marker keeps
 * Lambdas that still run from landing anything, the server is asked to forget the job, the next export gets its turn, and
 * the subscribers are told.
 * @throws EventsUndelivered
 */
export const cancelExport =
  (ports: CancelExportPorts): Step<ExecutionStopped, Record<string, never>> =>
  async ({ detail: { name, status, input } }, { signal }) => {
    const run = runOfExecution(name, JSON.parse(input ?? "null"));
    const { exportId } = run;
    const at = new Date(ports.now()).toISOString();
    const message = status === "ABORTED" ? "its execution was stopped" : "its execution ran into its time limit";
    await ports.records.markStopped(run, { reason: "cancelled", fault: "ExportStopped", message, at });
    const record = await ports.records.findExport(exportId);
    const holds = record !== undefined && (await ports.leases.isHeldBy(record.request.level, executionName(run)));
    const jobDeleted = holds && (await deleted(ports, exportId, signal));
    await ports.audit.append(run, "stopped", { message, jobDeleted });
    await ports.bus.publish(endEvent(ports, { run, status, record, message, at, jobDeleted }));
    // Last: while the job is there, the server would hand it to the next export.
    if (holds) await ports.leases.release(record.request.level, executionName(run));
    ports.log.info("export cancelled", { exportId, status, jobDeleted });
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
  const told = (fact: string) => ({
    ...exportEvent({ request: null, requestId: null, predecessor: null, ...record, ...run }, factOfRun(fact, run.run)),
    destination: records.pointers(run.exportId).destination,
  });
  return status === "ABORTED"
    ? { type: "Export Cancelled", detail: { ...told("cancelled"), cancelledAt: at, jobDeleted } }
    : { type: "Export Failed", detail: { ...told("failed"), error: { name: "DeadlineExceeded", message } } };
}

/** Without the lease the server may have handed the job to the next export: it is not ours to delete any more. */
async function deleted(ports: CancelExportPorts, exportId: string, signal: AbortSignal): Promise<boolean> {
  const job = await ports.records.findJob(exportId);
  if (job === undefined || job.foreign) return false;
  try {
    await ports.deleteJob(new URL(job.statusUrl), signal);
    return true;
  } catch (fault) {
    ports.log.warn("the server did not delete the job", { reason: reasonOf(fault) });
    return false;
  }
}
