import { isDeepStrictEqual } from "node:util";
import { digest, nameByEvent } from "#bulk-export/language/execution-names.ts";
import { exportRequestDetail, type TriggeredInput, triggeredInput } from "#bulk-export/language/export-request.ts";
import type { ExportTrigger } from "#bulk-export/language/triggers.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface StartExportPorts {
  executions: Pick<Executions, "start">;
  log: Log;
}

export interface StartedExport {
  exportId: string;
  /** Whether this trigger had been seen before, so that nothing new was started. */
  duplicate: boolean;
}

/**
 * Starts the export that an event or a schedule asks for, under a name that derives from the requester's `requestId`,
 * else from the event's id or the schedule's time: a redelivered trigger is the same export. The same requestId with
 * another detail becomes an execution of its own, which fails validation and says so.
 */
export const startExport =
  ({ executions, log }: StartExportPorts): Step<ExportTrigger, StartedExport> =>
  async (trigger) => {
    const byTrigger = triggerName(trigger);
    const byRequest = requestName(trigger.detail);
    const input: TriggeredInput = { detail: trigger.detail, trigger: originOf(trigger) };
    const exportId = byRequest ?? byTrigger;
    const existing = await executions.start(exportId, input);
    if (existing === undefined) {
      log.info("export started", { exportId });
      return { exportId, duplicate: false };
    }
    if (isDeepStrictEqual(triggeredInput.safeParse(existing.input).data?.detail, trigger.detail)) {
      log.info("export was already started", { exportId });
      return { exportId, duplicate: true };
    }
    log.warn("requestId was used before with another detail", { exportId, rejectedAs: byTrigger });
    const again = await executions.start(byTrigger, { ...input, conflictsWith: exportId });
    return { exportId: byTrigger, duplicate: again !== undefined };
  };

function originOf(trigger: ExportTrigger): TriggeredInput["trigger"] {
  if ("schedule" in trigger) {
    const { name, time, fullEvery } = trigger.schedule;
    return { kind: "schedule", id: `${name} ${time}`, ...(fullEvery !== undefined && { fullEvery }) };
  }
  const { id, source, account } = trigger;
  return { kind: "event", id, source, account };
}

function requestName(detail: unknown): string | undefined {
  const requestId = exportRequestDetail.shape.requestId.safeParse(
    (detail as { requestId?: unknown } | null)?.requestId,
  ).data;
  return requestId === undefined ? undefined : `request-${digest(requestId)}`;
}

function triggerName(trigger: ExportTrigger): string {
  if ("schedule" in trigger) {
    const name = `${trigger.schedule.name}-${trigger.schedule.time.replace(/[^A-Za-z0-9]/g, "")}`;
    return /^[A-Za-z0-9_-]{1,60}$/.test(name) ? `schedule-${name}` : `schedule-${digest(name)}`;
  }
  return nameByEvent(trigger.id);
}
