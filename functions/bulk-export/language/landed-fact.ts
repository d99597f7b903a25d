import type { ExportAuditDetail } from "./export-audit.ts";
import type { ExportSummary } from "./export-records.ts";

/** What the audit trail keeps of an export's summary: which objects landed, and what is missing. */
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
