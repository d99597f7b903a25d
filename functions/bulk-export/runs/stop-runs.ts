import { executionName } from "#bulk-export/language/execution-names.ts";
import { resumptionOf } from "#bulk-export/language/export-runs.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Executions } from "#platform/executions/executions.ts";

export interface StopRunsPorts {
  executions: Pick<Executions, "find" | "stop">;
  records: Pick<ExportRecords, "markStopped">;
  log: ExportLog;
  now: () => number;
}

export interface StoppedExport {
  /** The names of the executions that were stopped. Empty if the export has ended or does not exist. */
  stopped: string[];
}

/** Stops the runs of an export, see `stopRuns`. `cause` says who cancelled it, for the history of the executions. */
export type StopRuns = (exportId: string, cause: string) => Promise<StoppedExport>;

/**
 * Stops the running executions of an export: its first run, and the runs that resume it. It stores the stop marker of a run before
 * it stops the execution: stopping an execution stops no Lambda, and the event that makes `cancel-export` store a marker may be late or
 * lost. The `cancel-export` step then deletes the job and publishes the event, as it does for an execution that was stopped by hand.
 */
export const stopRuns =
  ({ executions, records, log, now }: StopRunsPorts): StopRuns =>
  async (exportId, cause) => {
    const stopped: string[] = [];
    for (let number = 0; ; number += 1) {
      const run = number === 0 ? "first" : `r${number}`;
      const name = executionName({ exportId, run });
      const execution = await executions.find(name);
      if (execution === undefined && number > 0) break;
      const own = number === 0 || resumptionOf(execution?.input)?.resume.exportId === exportId;
      if (execution?.status !== "running" || !own) continue;
      const at = new Date(now()).toISOString();
      const message = "its cancellation was requested";
      await records.markStopped({ exportId, run }, { reason: "cancelled", fault: "ExportStopped", message, at });
      await executions.stop(name, cause);
      stopped.push(name);
    }
    log.info("EXPORT_EXECUTIONS_STOPPED", { exportId, stopped });
    return { stopped };
  };
