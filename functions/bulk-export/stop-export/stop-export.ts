import { aboutAnExport } from "#bulk-export/language/export-events.ts";
import { executionName, resumptionOf } from "#bulk-export/language/export-runs.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-state.ts";
import type { RequestedByEvent } from "#bulk-export/language/triggers.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StopExportPorts {
  executions: Pick<Executions, "find" | "stop">;
  log: Log;
}

export interface StoppedExport {
  /** The executions that were stopped; none where the export had ended, or never was. */
  stopped: string[];
}

/**
 * Stops whatever execution carries an export out: its first, and those that resume it. What follows (DELETE at the
 * server, the event) is the canceller's, as with an execution that was stopped by hand.
 */
export const stopExport =
  ({ executions, log }: StopExportPorts): Step<RequestedByEvent, StoppedExport> =>
  async ({ id, source, detail }) => {
    const about = aboutAnExport.extend({ exportId: exportIdSchema }).safeParse(detail);
    if (!about.success) {
      log.warn("a request to cancel names no export: nothing was stopped", { eventId: id, source });
      return { stopped: [] };
    }
    const { exportId } = about.data;
    const stopped: string[] = [];
    for (let number = 0; ; number += 1) {
      const name = executionName({ exportId, run: number === 0 ? "first" : `r${number}` });
      const execution = await executions.find(name);
      if (execution === undefined && number > 0) break;
      const own = number === 0 || resumptionOf(execution?.input)?.resume.exportId === exportId;
      if (execution?.status !== "running" || !own) continue;
      await executions.stop(name, `cancelled by event ${id} of ${source}`);
      stopped.push(name);
    }
    log.info("asked to cancel an export", { exportId, stopped });
    return { stopped };
  };
