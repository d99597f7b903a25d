import { executionNameOfEvent } from "#bulk-export/language/execution-names.ts";
import { exportReference } from "#bulk-export/language/export-events.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-id.ts";
import type { ResumptionInput, Trigger } from "#bulk-export/language/export-request.ts";
import type { RequestedByEvent } from "#bulk-export/language/triggers.ts";
import type { ResumedExport, StartResumption } from "#bulk-export/runs/start-resumption.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface ResumeExportPorts {
  executions: Pick<Executions, "start">;
  resume: StartResumption;
}

/**
 * Starts an execution that downloads the missing files of an export (`runs/start-resumption.ts`). If the event names no export, an
 * execution starts all the same: it fails validation and reports the reason.
 * @throws Error if the export was resumed 99 times
 */
export const resumeExport =
  ({ executions, resume }: ResumeExportPorts): Step<RequestedByEvent, ResumedExport> =>
  async ({ id, source, account, detail }) => {
    const trigger: Trigger = { kind: "event", id, source, account };
    const about = exportReference.extend({ exportId: exportIdSchema }).safeParse(detail);
    if (about.success) return await resume(about.data.exportId, trigger);
    const execution = executionNameOfEvent(id);
    const input: ResumptionInput = { resume: { exportId: execution, run: "r1" }, trigger, refusal };
    const existing = await executions.start(execution, input);
    return { execution, duplicate: existing !== undefined };
  };

const refusal =
  'exportId: is missing or is not the id of an export; the detail must be {"exportId": "…"} without other fields';
