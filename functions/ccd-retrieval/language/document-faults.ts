/*
 * Why a document, or the archive around it, is not taken. Like the faults of a single file, these never reach Step
 * Functions: a step turns them into a quarantined answer and a sentence for the caller.
 */

/** The closed list of reasons. A reason is an API: records, metrics and tests name it. */
export const refusalReasons = [
  // The answer as a whole.
  "unknown-format",
  "no-documents",
  "archive-too-large",
  // What an archive holds, and how much of it.
  "too-many-entries",
  "document-too-large",
  "total-too-large",
  "ratio-too-high",
  "unsafe-name",
  "duplicate-name",
  "encrypted",
  "special-file",
  "nested-archive",
  "unsupported-method",
  // How an archive is built.
  "zip64",
  "truncated",
  "overlap",
  "stray-bytes",
  "headers-differ",
  "size-differs",
  "checksum-differs",
  "malformed-archive",
  // XML.
  "document-type",
  "undefined-entity",
  "unsupported-encoding",
  "unsupported-xml-version",
  "malformed-xml",
  "too-deep",
  "too-many-attributes",
  "markup-too-long",
  "outline-too-large",
  // The document.
  "not-a-clinical-document",
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/**
 * A document, or the archive around it, was refused. Nothing of it may be served; asking again will not change it.
 * The message is for people: it counts entries and lines, and never quotes a name or any content.
 */
export class DocumentRefused extends Error {
  override readonly name = "DocumentRefused";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
