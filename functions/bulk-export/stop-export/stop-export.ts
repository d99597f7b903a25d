import { exportReference } from "#bulk-export/language/export-events.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-id.ts";
import type { RequestedByEvent } from "#bulk-export/language/triggers.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { StoppedExport, StopRuns } from "#bulk-export/runs/stop-runs.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StopExportPorts {
  stop: StopRuns;
  log: ExportLog;
}

/** Stops the running executions of the export that an event names (`runs/stop-runs.ts`). */
export const stopExport =
  ({ stop, log }: StopExportPorts): Step<RequestedByEvent, StoppedExport> =>
  async ({ id, source, detail }) => {
    const about = exportReference.extend({ exportId: exportIdSchema }).safeParse(detail);
    if (about.success) return await stop(about.data.exportId, `cancelled by event ${id} of ${source}`);
    log.warn("EXPORT_CANCEL_REQUEST_IGNORED", { eventId: id, source });
    return { stopped: [] };
  };
