import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";

const miB = 1024 * 1024;

/** What one answer may cost us. Each bound is enforced while bytes flow, so nothing is inflated or kept beyond it. */
export interface DocumentLimits {
  /** Bytes of the answer as it was downloaded. */
  archiveBytes: number;
  /** Entries of an archive, its folders included. */
  entries: number;
  /** Bytes of one document. */
  documentBytes: number;
  /** Bytes of all documents of an archive together. */
  totalBytes: number;
  /** Bytes that one compressed byte may stand for, in documents of more than `ratioFreeBytes`. */
  ratio: number;
  /** Documents up to this size may compress as well as they like. */
  ratioFreeBytes: number;
  xml: XmlLimits;
}

export interface XmlLimits {
  /** Elements inside each other. */
  depth: number;
  /** Attributes of one element, namespace declarations included. */
  attributes: number;
  /** Characters of one tag, comment, CDATA section or processing instruction, or of one text that is kept. */
  markupChars: number;
  /** Characters kept of one document as its outline: names, attributes and texts of the elements that are read. */
  outlineChars: number;
}

/**
 * The limits by the stage's settings. A CCD is 0.1 to 5 MiB of XML, more where it embeds scans; XML of this kind deflates to
 * a tenth, and to a fiftieth where tables repeat themselves, while Deflate can reach 1,032.
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

/** The limits of a stage that says nothing of them. */
export const defaultLimits: DocumentLimits = limitsOf(documentSettings.parse(undefined));
