import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";

const miB = 1024 * 1024;

/** The limits of one answer. Each is enforced while bytes arrive, so that no byte beyond it is inflated or kept. */
export interface DocumentLimits {
  /** Bytes of the answer, as downloaded. */
  archiveBytes: number;
  /** Entries of an archive, including its folders. */
  entries: number;
  /** Bytes of one document. */
  documentBytes: number;
  /** Bytes of all documents of an archive together. */
  totalBytes: number;
  /** Inflated bytes for each compressed byte, in documents of more than `ratioFreeBytes`. */
  ratio: number;
  /** Up to this size, a document may have any ratio. */
  ratioFreeBytes: number;
  xml: XmlLimits;
}

export interface XmlLimits {
  /** Nested elements. */
  depth: number;
  /** Attributes of one element, including namespace declarations. */
  attributes: number;
  /** Characters of one tag, comment, CDATA section or processing instruction, or of one text that is kept. */
  markupChars: number;
  /** Characters of one document's outline: the names, attributes and texts that are kept. */
  outlineChars: number;
}

/**
 * The limits by the stage's settings. A CCD is 0.1 to 5 MiB of XML, and more if it embeds scans. Such XML deflates to a tenth of
 * its size, and to a fiftieth if its tables repeat themselves. Deflate itself can reach a ratio of 1,032.
 */
export function limitsOf({ limits }: DocumentSettings): DocumentLimits {
  return {
    archiveBytes: limits.answerMiB * miB,
    entries: limits.entries,
    documentBytes: limits.documentMiB * miB,
    totalBytes: limits.totalMiB * miB,
    ratio: 200,
    ratioFreeBytes: 1 * miB,
    xml: { depth: 100, attributes: 100, markupChars: 16 * miB, outlineChars: 4 * miB },
  };
}

/** The limits of a stage that does not set any. */
export const defaultLimits: DocumentLimits = limitsOf(documentSettings.parse(undefined));
