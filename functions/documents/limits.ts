const kiB = 1024;
const miB = 1024 * kiB;

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
 * The defaults. A Lambda has 512 MB of /tmp, which must hold the answer, and 1 GB of memory. A CCD is 0.1 to 5 MiB of
 * XML, more where it embeds scans; XML of this kind deflates to a tenth, and to a fiftieth where tables repeat
 * themselves, while Deflate can reach 1,032.
 */
export const defaultLimits: DocumentLimits = {
  archiveBytes: 256 * miB,
  entries: 2_000,
  documentBytes: 50 * miB,
  totalBytes: 1_024 * miB,
  ratio: 200,
  ratioFreeBytes: 1 * miB,
  xml: { depth: 100, attributes: 100, markupChars: 16 * miB, outlineChars: 4 * miB },
};
