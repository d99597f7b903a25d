import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { type ByteSource, type DownloadedAnswer, openSource, readChunks } from "./byte-source.ts";
import { type DocumentLimits, defaultLimits } from "./limits.ts";
import { beginsAsMarkup } from "./xml/root-element.ts";
import { readArchive } from "./zip/archive-rules.ts";
import { readEntryContent } from "./zip/entry-content.ts";

/** One document of an answer, or another file beside the documents (`answer-files.ts` tells them apart), not read yet. */
export interface DownloadedDocument {
  /** Its place among the answer's files, from 1. It is stable and may stand in a key. */
  number: number;
  /** Its place in the archive's directory, from 1; undefined for a single XML document. */
  entry: number | undefined;
  /** Its name in the archive; undefined for a single XML document. It may name the patient, so it must not enter logs, events or keys. */
  name: string | undefined;
  /** Its size in bytes, as announced. Only reading proves it. */
  bytes: number;
  /**
   * Reads its bytes, in chunks of at most 64 KiB. Each call starts again at the first byte, so a document can be read and
   * judged before any of its bytes are stored.
   *
   * The iteration throws DocumentRefused if the content is not what the archive announces. It is proven only when the iteration
   * has ended without an error.
   */
  chunks(): AsyncGenerator<Buffer>;
}

export interface DownloadedDocuments {
  container: "zip" | "xml";
  documents: DownloadedDocument[];
}

/**
 * Opens an answer of `bulkDownload`: a ZIP of documents, or a single XML document. Its first bytes decide which it is, not its
 * headers. The whole structure of an archive is checked before any content is inflated. No file stays open afterwards.
 *
 * In a Lambda the answer is a file. The directory of an archive is at its end, so the whole archive must be there, and /tmp
 * costs no memory. Each document is then streamed twice: once to judge it and once to store it.
 *
 * Source: guide, "API to View Patient Data in CCDA Format": "For each encounter a separate file is generated".
 * @example
 * const { documents } = await openDocuments({ file: "/tmp/answer" });
 * for (const document of documents) {
 *   const { recordTargets } = await readClinicalDocument(document.chunks());
 *   if (judgePatient(recordTargets, patient, rules).verdict === "match") await store(document.chunks());
 * }
 * @throws DocumentRefused with the reason
 * @throws the errors of the file system, unchanged
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
    return await (isZip(await readStart(source))
      ? openArchive(answer, source, limits)
      : openXml(answer, source, limits));
  } finally {
    await source.close();
  }
}

async function openArchive(
  answer: DownloadedAnswer,
  source: ByteSource,
  limits: DocumentLimits,
): Promise<DownloadedDocuments> {
  const files = await readArchive(source, limits);
  const documents = files.map((file, index) => ({
    number: index + 1,
    entry: file.place,
    name: file.name,
    bytes: file.record.uncompressedSize,
    chunks: () => reopen(answer, (again) => readEntryContent(again, file)),
  }));
  return { container: "zip", documents };
}

async function openXml(
  answer: DownloadedAnswer,
  source: ByteSource,
  limits: DocumentLimits,
): Promise<DownloadedDocuments> {
  if (!beginsAsMarkup(await readStart(source))) {
    throw new DocumentRefused("unknown-format", "the answer is neither a ZIP archive nor an XML document");
  }
  const bytes = source.size;
  if (bytes > limits.documentBytes) {
    throw new DocumentRefused(
      "document-too-large",
      `the document has ${bytes} bytes, more than ${limits.documentBytes}`,
    );
  }
  const chunks = () => reopen(answer, (again) => readChunks(again, 0, bytes));
  return { container: "xml", documents: [{ number: 1, entry: undefined, name: undefined, bytes, chunks }] };
}

/** Opens the answer once more for one iteration, and closes it afterwards. */
async function* reopen(
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

async function readStart(source: ByteSource): Promise<Buffer> {
  return await source.read(0, Math.min(startBytes, source.size));
}

function isZip(bytes: Buffer): boolean {
  return zipSignatures.some((signature) => bytes.subarray(0, signature.length).equals(signature));
}
