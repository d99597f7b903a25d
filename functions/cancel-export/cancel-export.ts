import type { EventBus } from "#announcements/event-bus.ts";
import type { BridgeEvent } from "#contracts/events.ts";
import type { ExecutionStopped } from "#contracts/triggers.ts";
import type { ExportRecords } from "#landing/export-records.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";

export interface CancelExportPorts {
  deleteJob(statusUrl: URL, signal: AbortSignal): Promise<void>;
  records: Pick<ExportRecords, "findJob" | "markStopped" | "pointers">;
  bus: EventBus;
  log: Log;
  now: () => number;
}

/**
 * Cleans up after an execution that was stopped from outside or ran into Step Functions' own time limit: a marker keeps
 * Lambdas that still run from landing anything, the server is asked to forget the job, and the subscribers are told.
 * @throws EventsUndelivered
 */
export const cancelExport =
  (ports: CancelExportPorts): Step<ExecutionStopped, Record<string, never>> =>
  async ({ detail: { name: exportId, status } }, { signal }) => {
    const at = new Date(ports.now()).toISOString();
    const message = status === "ABORTED" ? "its execution was stopped" : "its execution ran into its time limit";
    await ports.records.markStopped(exportId, { reason: "cancelled", fault: "ExportStopped", message, at });
    const job = await ports.records.findJob(exportId);
    const jobDeleted = job !== undefined && (await deleted(ports, new URL(job.statusUrl), signal));
    const common = {
      version: "1" as const,
      exportId,
      requestId: job?.requestId ?? null,
      request: job?.request ?? null,
      destination: ports.records.pointers(exportId).destination,
    };
    const event: BridgeEvent =
      status === "ABORTED"
        ? {
            type: "Export Cancelled",
            detail: { ...common, eventId: `${exportId}/cancelled`, cancelledAt: at, jobDeleted },
          }
        : {
            type: "Export Failed",
            detail: { ...common, eventId: `${exportId}/failed`, error: { name: "DeadlineExceeded", message } },
          };
    await ports.bus.publish(event);
    ports.log.info("export cancelled", { exportId, status, jobDeleted });
    return {};
  };

async function deleted(ports: CancelExportPorts, statusUrl: URL, signal: AbortSignal): Promise<boolean> {
  try {
    await ports.deleteJob(statusUrl, signal);
    return true;
  } catch (fault) {
    ports.log.warn("the server did not delete the job", {
      reason: fault instanceof Error ? fault.message : String(fault),
    });
    return false;
  }
}
