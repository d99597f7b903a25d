import type { AuditedFile, ExportAuditDetail } from "./export-audit-facts.ts";
import type { SummaryHead } from "./export-summary.ts";
import type { LandedFile } from "./landed-file.ts";

/** The audit fact `landed` of an export's summary, apart from the files that landed: which files are missing. */
export function landedFactHead(summary: SummaryHead): Omit<ExportAuditDetail<"landed">, "files"> {
  const { status, transactionTime, adoptedFrom, failedFiles } = summary;
  return { status, transactionTime, adoptedFrom, missing: failedFiles.map(({ key, reason }) => ({ key, reason })) };
}

/** What the fact `landed` says of a file. */
export const auditedFileOf = ({ kind, type, key, lines, bytes, checksum }: LandedFile): AuditedFile => ({
  kind,
  type,
  key,
  lines,
  bytes,
  checksum,
});
