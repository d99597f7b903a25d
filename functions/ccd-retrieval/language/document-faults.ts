/*
 * Why the bridge refuses a document, or the archive around it. These faults never reach Step Functions: the step
 * `fetch-ccds` quarantines the answer and gives the caller a sentence.
 */

/** The closed list of reasons. A reason is an API: audit facts, quarantine records and tests name it. */
export const refusalReasons = [
  // The answer as a whole.
  "unknown-format",
  "no-documents",
  "archive-too-large",
  // The entries of an archive, and their sizes.
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
  // The structure of an archive.
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
 * The bridge refused a document, or the archive around it. None of it may be served, and another download would bring the
 * same. The message is for people: it gives numbers of entries and lines, and never quotes a name or any content.
 */
export class DocumentRefused extends Error {
  override readonly name = "DocumentRefused";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
