import { isDeepStrictEqual } from "node:util";
import { executionNameOfEvent, nameDigest } from "#bulk-export/language/execution-names.ts";
import { exportRequestDetail, type TriggeredInput, triggeredInput } from "#bulk-export/language/export-request.ts";
import type { ExportTrigger } from "#bulk-export/language/triggers.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StartExportPorts {
  executions: Pick<Executions, "start">;
  log: ExportLog;
}

export interface StartedExport {
  exportId: string;
  /** Whether the export was already started by the same trigger or request, so that nothing new was started. */
  duplicate: boolean;
}

/**
 * Starts the export that an event or a schedule requests. The execution's name comes from the `requestId`, or else from
 * the event's id or the schedule's time, so a trigger that is delivered again starts no second export. If a requestId
 * is used again with another detail, an execution of its own starts, which fails validation and reports the conflict.
 */
export const startExport =
  ({ executions, log }: StartExportPorts): Step<ExportTrigger, StartedExport> =>
  async (trigger) => {
    const nameByTrigger = nameOfTrigger(trigger);
    const nameByRequest = nameOfRequest(trigger.detail);
    const input: TriggeredInput = { detail: trigger.detail, trigger: triggerOf(trigger) };
    const exportId = nameByRequest ?? nameByTrigger;
    const existing = await executions.start(exportId, input);
    if (existing === undefined) {
      log.info("EXPORT_STARTED", { exportId });
      return { exportId, duplicate: false };
    }
    if (isDeepStrictEqual(triggeredInput.safeParse(existing.input).data?.detail, trigger.detail)) {
      log.info("EXPORT_TRIGGER_REPEATED", { exportId });
      return { exportId, duplicate: true };
    }
    log.warn("EXPORT_REQUEST_ID_REUSED", { exportId, rejectedAs: nameByTrigger });
    const again = await executions.start(nameByTrigger, { ...input, conflictsWith: exportId });
    return { exportId: nameByTrigger, duplicate: again !== undefined };
  };

function triggerOf(trigger: ExportTrigger): TriggeredInput["trigger"] {
  if ("schedule" in trigger) {
    const { name, time, fullEvery } = trigger.schedule;
    return { kind: "schedule", id: `${name} ${time}`, ...(fullEvery !== undefined && { fullEvery }) };
  }
  const { id, source, account } = trigger;
  return { kind: "event", id, source, account };
}

function nameOfRequest(detail: unknown): string | undefined {
  const requestId = exportRequestDetail.shape.requestId.safeParse(
    (detail as { requestId?: unknown } | null)?.requestId,
  ).data;
  return requestId === undefined ? undefined : `request-${nameDigest(requestId)}`;
}

function nameOfTrigger(trigger: ExportTrigger): string {
  if ("schedule" in trigger) {
    const name = `${trigger.schedule.name}-${trigger.schedule.time.replace(/[^A-Za-z0-9]/g, "")}`;
    return /^[A-Za-z0-9_-]{1,60}$/.test(name) ? `schedule-${name}` : `schedule-${nameDigest(name)}`;
  }
  return executionNameOfEvent(trigger.id);
}
