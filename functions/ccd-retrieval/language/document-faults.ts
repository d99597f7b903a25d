/*
 * Why the bridge refuses a document, or the archive around it. These faults never reach Step Functions: the step
 * `fetch-ccds` quarantines the answer and gives the caller a sentence.
 */

/**
 * What a refusal keeps back.
 *
 * - `document`: the document is damaged, or does not prove its patient, by itself. The other documents are delivered.
 * - `answer`: the answer may be an attack, may be read in two ways, or holds another patient's document. Nothing is delivered.
 */
export type RefusalScope = "document" | "answer";

/** The closed list of reasons why a file cannot be read. A reason is an API: audit facts, quarantine records and tests name it. */
const scopesOfReading = {
  // The answer as a whole.
  "unknown-format": "answer",
  "no-documents": "answer",
  "archive-too-large": "answer",
  // The entries of an archive, and their sizes.
  "too-many-entries": "answer",
  "document-too-large": "answer",
  "total-too-large": "answer",
  "ratio-too-high": "answer",
  "unsafe-name": "answer",
  "duplicate-name": "answer",
  encrypted: "answer",
  "special-file": "answer",
  "nested-archive": "answer",
  "unsupported-method": "answer",
  // The structure of an archive.
  zip64: "answer",
  truncated: "answer",
  overlap: "answer",
  "stray-bytes": "answer",
  "headers-differ": "answer",
  "size-differs": "answer",
  "malformed-archive": "answer",
  // The content of one entry.
  "checksum-differs": "document",
  "content-damaged": "document",
  // XML. A document type, and markup beyond the limits, can attack the programs that read it.
  "document-type": "answer",
  "too-deep": "answer",
  "too-many-attributes": "answer",
  "markup-too-long": "answer",
  "outline-too-large": "answer",
  "undefined-entity": "document",
  "unsupported-encoding": "document",
  "unsupported-xml-version": "document",
  "malformed-xml": "document",
  // The document.
  "not-a-clinical-document": "document",
} as const satisfies Record<string, RefusalScope>;

/** The closed list of reasons why a document does not prove its patient (`documents/patient-match/right-patient.ts`). */
const scopesOfProof = {
  // The document contradicts the patient of the request.
  "other-id": "answer",
  "other-person": "answer",
  "several-patients": "answer",
  "ids-contradict": "answer",
  "person-contradicts-id": "answer",
  // The document says too little.
  "no-record-target": "document",
  "no-id": "document",
  "unknown-ids": "document",
  "birth-date-unreadable": "document",
  "second-factor-missing": "document",
} as const satisfies Record<string, RefusalScope>;

/** What each refusal keeps back: the one table that decides between partial delivery and none. */
export const refusalScopes = { ...scopesOfReading, ...scopesOfProof } as const;

type Scopes = typeof refusalScopes;

export type RefusalReason = keyof typeof scopesOfReading;
export type ProofReason = keyof typeof scopesOfProof;
/** A reason that refuses one document and lets the others land. */
export type DocumentRefusalReason = {
  [Reason in keyof Scopes]: Scopes[Reason] extends "document" ? Reason : never;
}[keyof Scopes];

export const refusalReasons = Object.keys(scopesOfReading) as RefusalReason[];

/** The reasons that refuse one document and let the others land. */
export const documentRefusalReasons = (Object.keys(refusalScopes) as (keyof Scopes)[]).filter(isDocumentReason);

/** Whether a refusal keeps back one document only. */
export function isDocumentReason(reason: keyof Scopes): reason is DocumentRefusalReason {
  return refusalScopes[reason] === "document";
}

/** Whether a reason says that a document does not prove its patient. */
export function isProofReason(reason: keyof Scopes): reason is ProofReason {
  return reason in scopesOfProof;
}

/**
 * A file that was refused, as the operator sees it in `reason.json`. Its name in the archive may identify the patient, so only
 * `reason.json` has it.
 */
export interface RefusedFile {
  /** Its number among the answer's documents, from 1; null if the archive was refused before its documents were known. */
  number: number | null;
  /** Its place in the archive's directory, from 1; null if the answer is no archive. */
  entry: number | null;
  name: string | null;
  reason: RefusalReason | ProofReason;
  /** It gives numbers, and nothing of the content. */
  message: string;
}

/**
 * The bridge refused a document, or the archive around it. None of it may be served, and another download would bring the
 * same. The message is for people: it gives numbers of documents, entries and lines, and never quotes a name or any content.
 */
export class DocumentRefused extends Error {
  override readonly name = "DocumentRefused";
  readonly reason: RefusalReason;
  /** Private, because loggers write every public member of an error. */
  readonly #files: readonly RefusedFile[];

  constructor(reason: RefusalReason, message: string, options?: ErrorOptions, files: readonly RefusedFile[] = []) {
    super(message, options);
    this.reason = reason;
    this.#files = files;
  }

  /** The files that were refused, as far as they are known. */
  refusedFiles(): readonly RefusedFile[] {
    return this.#files;
  }

  /** The same refusal, of this file. */
  of(file: Pick<RefusedFile, "number" | "entry" | "name">): DocumentRefused {
    const { reason, message } = this;
    return new DocumentRefused(reason, message, { cause: this }, [{ ...file, reason, message }]);
  }
}

/**
 * Does the work on one file. If the file is refused, the refusal says which file it was.
 * @throws DocumentRefused, and the other errors of `work` as they are
 */
export async function refusingFile<T>(
  { entry, name }: { entry: number | undefined; name: string | undefined },
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DocumentRefused
      ? error.of({ number: null, entry: entry ?? null, name: name ?? null })
      : error;
  }
}
