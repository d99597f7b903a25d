import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { type ByteSource, chunksOf, type DownloadedAnswer, openSource } from "./byte-source.ts";
import { type DocumentLimits, defaultLimits } from "./limits.ts";
import { readArchive } from "./zip-archive.ts";
import { contentOf } from "./zip-content.ts";

/** One document of the answer, not read yet. */
export interface DownloadedDocument {
  /** Its place among the answer's documents, from 1: stable, and fit for a key. */
  number: number;
  /** Its name within the archive, where there is one. It may name the patient: never for logs, events or keys. */
  name: string | undefined;
  /** Bytes of it, as announced. Reading proves them. */
  bytes: number;
  /**
   * Its bytes, in chunks of at most 64 KiB. Can be asked for as often as needed, each time from the start, so that a
   * document is read, and found to be the right patient's, before the first byte of it goes anywhere.
   *
   * Throws DocumentRefused where the content is not what the archive claims: it is proven once the iteration has ended.
   */
  chunks(): AsyncGenerator<Buffer>;
}

export interface DownloadedDocuments {
  container: "zip" | "xml";
  documents: DownloadedDocument[];
}

/**
 * Opens what `bulkDownload` answered: a ZIP of documents, or a single XML document. Which of them it is, its bytes say,
 * not its headers. Of an archive the whole structure is checked before anything is inflated; nothing stays open, so there
 * is nothing to close.
 *
 * A file is what suits a Lambda: an archive's directory stands at its end, so it must be there whole, and /tmp costs no
 * memory. Each document is then streamed from it, once to be read and once more to be kept.
 *
 * Source: guide, "API to View Patient Data in CCDA Format": "For each encounter a separate file is generated".
 * @example
 * const { documents } = await openDocuments({ file: "/tmp/answer" });
 * for (const document of documents) {
 *   const { recordTargets } = await readClinicalDocument(document.chunks());
 *   if (rightPatient(recordTargets, asked).verdict === "match") await keep(document.chunks());
 * }
 * @throws DocumentRefused with the reason; errors of the file system as they are
 */
export async function openDocuments(
  answer: DownloadedAnswer,
  limits: DocumentLimits = defaultLimits,
): Promise<DownloadedDocuments> {
  const source = await openSource(answer);
  try {
    if (source.size > limits.archiveBytes) {
      throw new DocumentRefused(
        "archive-too-large",
        `the answer has ${source.size} bytes, more than ${limits.archiveBytes}`,
      );
    }
    return await (isZip(await start(source)) ? archived(answer, source, limits) : single(answer, source, limits));
  } finally {
    await source.close();
  }
}

async function archived(
  answer: DownloadedAnswer,
  source: ByteSource,
  limits: DocumentLimits,
): Promise<DownloadedDocuments> {
  const files = await readArchive(source, limits);
  const documents = files.map((file, index) => ({
    number: index + 1,
    name: file.name,
    bytes: file.record.uncompressedSize,
    chunks: () => reopened(answer, (again) => contentOf(again, file)),
  }));
  return { container: "zip", documents };
}

async function single(
  answer: DownloadedAnswer,
  source: ByteSource,
  limits: DocumentLimits,
): Promise<DownloadedDocuments> {
  if (!looksLikeXml(await start(source))) {
    throw new DocumentRefused("unknown-format", "the answer is neither a ZIP archive nor an XML document");
  }
  const bytes = source.size;
  if (bytes > limits.documentBytes) {
    throw new DocumentRefused(
      "document-too-large",
      `the document has ${bytes} bytes, more than ${limits.documentBytes}`,
    );
  }
  const chunks = () => reopened(answer, (again) => chunksOf(again, 0, bytes));
  return { container: "xml", documents: [{ number: 1, name: undefined, bytes, chunks }] };
}

async function* reopened(
  answer: DownloadedAnswer,
  chunks: (source: ByteSource) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const source = await openSource(answer);
  try {
    yield* chunks(source);
  } finally {
    await source.close();
  }
}

const zipSignatures = ["504b0304", "504b0506"].map((hex) => Buffer.from(hex, "hex"));
const startBytes = 1024;

async function start(source: ByteSource): Promise<Buffer> {
  return await source.read(0, Math.min(startBytes, source.size));
}

function isZip(bytes: Buffer): boolean {
  return zipSignatures.some((signature) => bytes.subarray(0, signature.length).equals(signature));
}

/** Whether a `<` comes first, after a byte order mark and white space; in UTF-8 or UTF-16. */
function looksLikeXml(bytes: Buffer): boolean {
  return /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?[\0\t\n\r ]*</.test(bytes.toString("latin1"));
}
