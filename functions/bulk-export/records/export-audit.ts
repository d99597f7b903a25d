import {
  type ExportAuditDetail,
  type ExportAuditFact,
  exportAuditFacts,
} from "#bulk-export/language/export-audit-facts.ts";
import { type ExportEvent, type ExportEventBus, exportEvents } from "#bulk-export/language/export-events.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import { recordFact } from "#platform/bucket/audit-trail.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { auditedBus } from "#platform/bus/event-bus.ts";
import { auditKey } from "./export-keys.ts";

/** The audit trail of exports. It is append-only. */
export interface ExportAudit {
  /**
   * Records a fact about a run. A fact that was recorded before stays as it is. `which` distinguishes facts of the same
   * name, if a run may have several.
   */
  append<Fact extends ExportAuditFact>(
    run: ExportRun,
    fact: Fact,
    detail: ExportAuditDetail<Fact>,
    which?: string,
  ): Promise<void>;
}

/** The audit trail of exports in the landing bucket. `now` is in milliseconds since the epoch. */
export function exportAudit(bucket: LandingBucket, now: () => number): ExportAudit {
  return {
    append: async ({ exportId, run }, fact, detail, which) => {
      const key = auditKey(exportId, run, which === undefined ? fact : `${fact}-${which}`);
      const checked = exportAuditFacts[fact].parse(detail);
      await recordFact(bucket, { key, subject: { exportId, run }, fact, detail: checked, at: now() });
    },
  };
}

/** The event bus that the environment names. The audit trail records each event that the bus accepted. */
export function auditedExportBus(audit: ExportAudit): ExportEventBus {
  return auditedBus(busFromEnvironment(exportEvents), (event) => recordPublished(audit, event));
}

/** Records that the bus accepted an event. `Export File Landed` is not recorded: the fact `landed` lists all files later. */
export async function recordPublished(audit: ExportAudit, { type, detail }: ExportEvent): Promise<void> {
  const { eventId } = detail;
  switch (type) {
    case "Export Started":
      return await audit.append(detail, "told-started", { eventId });
    case "Export File Landed":
      return;
    case "Export Completed":
      return await audit.append(detail, "told-completed", { eventId, status: detail.status });
    case "Export Failed":
      return await audit.append(detail, "told-failed", { eventId, error: detail.error.name });
    case "Export Cancelled":
      return await audit.append(detail, "told-cancelled", { eventId });
  }
}
