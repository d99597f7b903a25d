import type { AuditDetail } from "#contracts/audit.ts";
import type { ExportSummary } from "#contracts/landed.ts";

/** What the audit trail keeps of an export's summary: which objects landed, and what is missing. */
export function landedFact(summary: ExportSummary): AuditDetail<"landed"> {
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
