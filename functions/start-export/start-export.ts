import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { exportRequestDetail, type TriggeredInput, triggeredInput } from "#contracts/export-request.ts";
import type { ExportTrigger } from "#contracts/triggers.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";

export interface StartExportPorts {
  /** Starts an execution; answers the input of the one that has this name already, if there is one. */
  start: (name: string, input: TriggeredInput) => Promise<{ existingInput: unknown } | undefined>;
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
  ({ start, log }: StartExportPorts): Step<ExportTrigger, StartedExport> =>
  async (trigger) => {
    const byTrigger = triggerName(trigger);
    const byRequest = requestName(trigger.detail);
    const input: TriggeredInput = { detail: trigger.detail, trigger: originOf(trigger) };
    const exportId = byRequest ?? byTrigger;
    const existing = await start(exportId, input);
    if (existing === undefined) {
      log.info("export started", { exportId });
      return { exportId, duplicate: false };
    }
    if (isDeepStrictEqual(triggeredInput.safeParse(existing.existingInput).data?.detail, trigger.detail)) {
      log.info("export was already started", { exportId });
      return { exportId, duplicate: true };
    }
    log.warn("requestId was used before with another detail", { exportId, rejectedAs: byTrigger });
    const again = await start(byTrigger, { ...input, conflictsWith: exportId });
    return { exportId: byTrigger, duplicate: again !== undefined };
  };

function originOf(trigger: ExportTrigger): TriggeredInput["trigger"] {
  return "schedule" in trigger
    ? { kind: "schedule", id: `${trigger.schedule.name} ${trigger.schedule.time}` }
    : { kind: "event", id: trigger.id };
}

/** A digest: a requestId may hold characters that an execution's name may not, and its case must count. */
function requestName(detail: unknown): string | undefined {
  const requestId = exportRequestDetail.shape.requestId.safeParse(
    (detail as { requestId?: unknown } | null)?.requestId,
  ).data;
  return requestId === undefined ? undefined : `request-${digest(requestId)}`;
}

function triggerName(trigger: ExportTrigger): string {
  if ("schedule" in trigger) {
    const name = `${trigger.schedule.name}-${trigger.schedule.time.replace(/[^A-Za-z0-9]/g, "")}`;
    return /^[A-Za-z0-9_-]{1,70}$/.test(name) ? `schedule-${name}` : `schedule-${digest(name)}`;
  }
  return /^[A-Za-z0-9-]{1,70}$/.test(trigger.id) ? `event-${trigger.id}` : `event-${digest(trigger.id)}`;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);
