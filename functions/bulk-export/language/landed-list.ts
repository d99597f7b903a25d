import { auditedFileOf } from "#bulk-export/language/landed-fact.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import { EntryLines } from "#platform/bucket/long-record.ts";

/** The files of an export that landed, in the forms in which its end records them. There may be 100,000, so they are kept as texts only. */
export class LandedList {
  /** As the summary lists them. */
  readonly files = new EntryLines();
  /** As the audit trail lists them. */
  readonly audited = new EntryLines();
  /** Only lines of exported resources count: reports on the export are none. */
  readonly linesByType: Record<string, number> = {};

  add(file: LandedFile): void {
    this.files.add(file);
    this.audited.add(auditedFileOf(file));
    if (file.kind === "output") this.linesByType[file.type] = (this.linesByType[file.type] ?? 0) + file.lines;
  }
}
