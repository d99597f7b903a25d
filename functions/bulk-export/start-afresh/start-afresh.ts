import { executionName, nameDigest } from "#bulk-export/language/execution-names.ts";
import type { TriggeredInput } from "#bulk-export/language/export-request.ts";
import type { ExportContext, FreshExport, FreshInput } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportProgressRecords } from "#bulk-export/records/export-progress.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StartAfreshPorts {
  executions: Pick<Executions, "start">;
  progress: Pick<ExportProgressRecords, "end">;
  now: () => number;
  log: ExportLog;
}

/**
 * Starts a new export of the same request, because the server no longer has the job of the resumed
 * export. The new export has an id of its own, so that one id never holds the data of two transactionTimes, and names
 * this export as its predecessor. A repeated step starts no second export.
 */
export const startAfresh =
  ({ executions, progress, log, now }: StartAfreshPorts): Step<FreshInput, FreshExport> =>
  async ({ export: context }) => {
    const resumption = executionName(context);
    const exportId = `fresh-${nameDigest(resumption)}`;
    const input: TriggeredInput = {
      detail: detailOf(context),
      trigger: { kind: "resumption", id: resumption },
      predecessor: context.exportId,
    };
    await executions.start(exportId, input);
    const message = `the server no longer has its job, so export ${exportId} replaces it`;
    const error = { name: "ExportJobGone" as const, message };
    await progress.end(context, { state: "failed", error, endedAt: new Date(now()).toISOString() });
    log.info("EXPORT_STARTED_AFRESH", { freshExportId: exportId });
    return { exportId };
  };

/** The detail that requests the same export again. An incremental export continues from the current checkpoint. */
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
