import type { S3Client } from "@aws-sdk/client-s3";
import {
  type ExportAuditDetail,
  type ExportAuditFact,
  exportAuditFacts,
} from "#bulk-export/language/export-audit-facts.ts";
import { type ExportEvent, type ExportEventBus, exportEvents } from "#bulk-export/language/export-events.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import { type ExportLog, exportLog } from "#bulk-export/log.ts";
import {
  type AuditTrail,
  auditTrailFromEnvironment,
  recordFact,
  recordLongFact,
} from "#platform/bucket/audit-trail.ts";
import type { EntryLines } from "#platform/bucket/long-record.ts";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import { auditKey, auditPrefix } from "./export-keys.ts";
import { type ExportProgressRecords, exportProgressFromEnvironment } from "./export-progress.ts";
import { exportEventMeter } from "./measured-events.ts";
import { type OpenRuns, openRunsFromEnvironment } from "./open-runs.ts";
import { endOfEvent } from "./progress-reports.ts";

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
  /** Records the fact `landed`. Its files are a text already, because there may be 100,000: each is an `AuditedFile`. */
  appendLanded(run: ExportRun, detail: Omit<ExportAuditDetail<"landed">, "files">, files: EntryLines): Promise<void>;
  /** Whether the event that ends this run was published, and recorded as such. */
  isEndPublished(run: ExportRun): Promise<boolean>;
}

/** The facts that the end of a run was published. */
const endFacts = ["told-completed", "told-failed", "told-cancelled"] as const;

/** The audit trail of exports in the audit bucket. `now` is in milliseconds since the epoch. */
export function exportAudit(trail: AuditTrail, now: () => number): ExportAudit {
  return {
    append: async ({ exportId, run }, fact, detail, which) => {
      const key = auditKey(exportId, run, which === undefined ? fact : `${fact}-${which}`);
      const checked = exportAuditFacts[fact].parse(detail);
      await recordFact(trail, { key, subject: { exportId, run }, fact, detail: checked, at: now() });
    },
    appendLanded: async ({ exportId, run }, head, entries) => {
      const key = auditKey(exportId, run, "landed");
      const { files: _, ...detail } = exportAuditFacts.landed.parse({ ...head, files: [] });
      const fact = { key, subject: { exportId, run }, fact: "landed", detail, at: now() };
      await recordLongFact(trail, fact, { list: "files", entries });
    },
    isEndPublished: async ({ exportId, run }) => {
      const ends = new Set(endFacts.map((fact) => auditKey(exportId, run, fact)));
      for await (const { key } of trail.list(auditPrefix(exportId, run))) if (ends.has(key)) return true;
      return false;
    },
  };
}

/** The event bus that the environment names. The audit trail records each event that the bus accepted, and its metrics are written. */
export function auditedExportBus(audit: ExportAudit): ExportEventBus {
  const measure = exportEventMeter();
  return reportingBus(busFromEnvironment(exportEvents), async (event) => {
    measure(event);
    await recordPublished(audit, event);
  });
}

/**
 * The bus for the states that publish the end of a run, from the function's environment: `auditedExportBus`, which stores the end and
 * closes the run as well. If that fails, nothing is lost: the sweeper finds that the end was published, and does it.
 */
export function endingExportBus(s3: S3Client): ExportEventBus {
  const audit = exportAudit(auditTrailFromEnvironment(s3), Date.now);
  const progress = exportProgressFromEnvironment();
  return closingBus(auditedExportBus(audit), {
    runs: openRunsFromEnvironment(),
    progress,
    log: exportLog,
    now: Date.now,
  });
}

export interface ClosingBusPorts {
  runs: Pick<OpenRuns, "close">;
  progress: Pick<ExportProgressRecords, "end">;
  log: ExportLog;
  now: () => number;
}

/** A bus that stores the end of the run of each event that it has published, and closes the run. */
export function closingBus(bus: ExportEventBus, { runs, progress, log, now }: ClosingBusPorts): ExportEventBus {
  return {
    publish: async (event) => {
      await bus.publish(event);
      const { exportId, run } = event.detail;
      try {
        const end = endOfEvent(event, now());
        if (end !== undefined) await progress.end({ exportId, run }, end);
        await runs.close({ exportId, run });
      } catch (fault) {
        log.warn("EXPORT_RUN_NOT_CLOSED", { exportId, run, reason: reasonOf(fault) });
      }
    },
  };
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
