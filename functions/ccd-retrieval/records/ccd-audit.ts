import { type CcdAuditDetail, type CcdAuditFact, ccdAuditFacts } from "#ccd-retrieval/language/ccd-audit.ts";
import { type CcdEvent, type CcdEventBus, ccdEvents } from "#ccd-retrieval/language/ccd-events.ts";
import { type AuditTrail, recordFact } from "#platform/bucket/audit-trail.ts";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import { ccdAuditKey } from "./ccd-keys.ts";
import { ccdEventMeter } from "./measured-events.ts";

/** The append-only audit trail of CCD requests. */
export interface CcdAudit {
  /** Records a fact about a CCD request. A fact that is recorded already stays as it is. */
  append<Fact extends CcdAuditFact>(requestId: string, fact: Fact, detail: CcdAuditDetail<Fact>): Promise<void>;
}

/** The audit trail of CCD requests in the audit bucket. */
export function ccdAudit(trail: AuditTrail, now: () => number): CcdAudit {
  return {
    append: async (requestId, fact, detail) => {
      const key = ccdAuditKey(requestId, fact);
      const checked = ccdAuditFacts[fact].parse(detail);
      await recordFact(trail, { key, subject: { requestId }, fact, detail: checked, at: now() });
    },
  };
}

/** The bus that the function's environment names. The audit trail records each event that the bus has taken, and its metrics are written. */
export function auditedCcdBus(audit: CcdAudit): CcdEventBus {
  const measure = ccdEventMeter();
  return reportingBus(busFromEnvironment(ccdEvents), async (event) => {
    measure(event);
    await recordPublished(audit, event);
  });
}

/** Records that the bus has taken an event. */
export async function recordPublished(audit: CcdAudit, { type, detail }: CcdEvent): Promise<void> {
  const { eventId, requestId } = detail;
  switch (type) {
    case "Ccd Ready":
      return await audit.append(requestId, "told-ready", { eventId });
    case "Ccd Failed":
      return await audit.append(requestId, "told-failed", { eventId, error: detail.error.name });
  }
}
