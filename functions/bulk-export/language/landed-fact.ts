import type { ExportAuditDetail } from "./export-audit-facts.ts";
import type { ExportSummary } from "./export-summary.ts";

/** The audit fact `landed` of an export's summary: which objects landed, and which files are missing. */
export function landedFact(summary: ExportSummary): ExportAuditDetail<"landed"> {
  const { status, transactionTime, adoptedFrom } = summary;
  return {
    status,
    transactionTime,
    adoptedFrom,
    files: summary.files.map(({ kind, type, key, lines, bytes, checksum }) => ({
      kind,
      type,
      key,
      lines,
      bytes,
      checksum,
    })),
    missing: summary.failedFiles.map(({ key, reason }) => ({ key, reason })),
  };
}
