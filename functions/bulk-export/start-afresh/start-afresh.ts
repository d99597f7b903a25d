import { digest } from "#bulk-export/language/execution-names.ts";
import type { TriggeredInput } from "#bulk-export/language/export-request.ts";
import { executionName } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, FreshExport, FreshInput } from "#bulk-export/language/export-state.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StartAfreshPorts {
  executions: Pick<Executions, "start">;
  log: Log;
}

/**
 * Starts a new export of the same request, because the job of the one that was to be resumed is gone. It has an id of its
 * own and names its predecessor: data of two transactionTimes never mix under one id. A repeated step starts no second one.
 */
export const startAfresh =
  ({ executions, log }: StartAfreshPorts): Step<FreshInput, FreshExport> =>
  async ({ export: context }) => {
    const resumption = executionName(context);
    const exportId = `fresh-${digest(resumption)}`;
    const input: TriggeredInput = {
      detail: detailOf(context),
      trigger: { kind: "resumption", id: resumption },
      predecessor: context.exportId,
    };
    await executions.start(exportId, input);
    log.info("the job of the export is gone: it is done afresh", { freshExportId: exportId });
    return { exportId };
  };

/** The request as somebody would ask for it again: what was incremental goes on from the checkpoint as it is now. */
function detailOf({ request, requestId }: ExportContext): TriggeredInput["detail"] {
  const { level, groupId, types, since, sinceRule, outputFormat } = request;
  const wanted = sinceRule ?? since;
  return {
    level,
    outputFormat,
    ...(groupId !== undefined && { groupId }),
    ...(types !== undefined && { types }),
    ...(wanted !== undefined && { since: wanted }),
    ...(requestId !== null && { requestId }),
  };
}
