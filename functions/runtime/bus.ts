import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import * as z from "zod";
import { type EventBus, eventBus } from "#announcements/event-bus.ts";
import type { BridgeEvent } from "#contracts/events.ts";
import type { AuditTrail } from "#landing/audit-trail.ts";
import { smallRequests } from "./aws-client-settings.ts";
import { environment } from "./environment.ts";

const busVariables = z.object({ EVENT_BUS: z.string().min(1) });

/** The bus that the function's environment names. */
export function busFromEnvironment(): EventBus {
  return eventBus(new EventBridgeClient(smallRequests), environment(busVariables).EVENT_BUS, sleep);
}

/** The same bus; what it took is recorded, so that the audit trail knows who was told. */
export function auditedBusFromEnvironment(audit: AuditTrail): EventBus {
  return auditedBus(busFromEnvironment(), audit);
}

/** A bus whose events about an export as a whole, or about CCDs, are recorded once it took them; files are recorded when it ends. */
export function auditedBus(bus: EventBus, audit: AuditTrail): EventBus {
  return {
    publish: async (event) => {
      await bus.publish(event);
      await recordTold(audit, event);
    },
  };
}

async function recordTold(audit: AuditTrail, { type, detail }: BridgeEvent): Promise<void> {
  const { eventId } = detail;
  switch (type) {
    case "Export Started":
      return await audit.append(detail, "told-started", { eventId });
    case "Export File Landed":
    // The trail is kept by export and by request; a session's end is neither's.
    case "User Session Ended":
      return;
    case "Export Completed":
      return await audit.append(detail, "told-completed", { eventId, status: detail.status });
    case "Export Failed":
      return await audit.append(detail, "told-failed", { eventId, error: detail.error.name });
    case "Export Cancelled":
      return await audit.append(detail, "told-cancelled", { eventId });
    case "Ccd Ready":
      return await audit.appendToCcds(detail.requestId, "told-ready", { eventId });
    case "Ccd Failed":
      return await audit.appendToCcds(detail.requestId, "told-failed", { eventId, error: detail.error.name });
  }
}
