import type { Companion } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused, isDocumentReason, refusingFile } from "#ccd-retrieval/language/document-faults.ts";
import { type DownloadedAnswer, readToEnd } from "./byte-source.ts";
import { hl7 } from "./c-cda/hl7-namespace.ts";
import type { DocumentLimits } from "./limits.ts";
import { type DownloadedDocument, openDocuments } from "./open-documents.ts";
import { findRootElement, localName, type RootSearch } from "./xml/root-element.ts";

/** The files of an answer: those that claim to be clinical documents, and the others. */
export interface AnswerFiles {
  documents: DownloadedDocument[];
  companions: Companion[];
}

/**
 * Opens an answer and tells documents from companions: stylesheets, README files, HTML views, PDFs, indexes, and what file
 * systems leave behind. Only a file that claims to be a clinical document can fail as one. A companion is read to its end, so
 * that an archive hides nothing in it, and it is never served.
 *
 * An archive without any file is a valid answer. An archive of companions alone is not, because its documents may be missing.
 * @throws DocumentRefused with the reason
 */
export async function openAnswerFiles(answer: DownloadedAnswer, limits: DocumentLimits): Promise<AnswerFiles> {
  const { container, documents: files } = await openPossiblyEmpty(answer, limits);
  if (container === "xml") return { documents: files, companions: [] };
  const documents: DownloadedDocument[] = [];
  const companions: Companion[] = [];
  for (const file of files) {
    await refusingFile(file, async () => {
      if (await claimsToBeDocument(file)) documents.push({ ...file, number: documents.length + 1 });
      else companions.push(await readCompanion(file));
    });
  }
  if (documents.length === 0 && companions.length > 0) {
    throw new DocumentRefused(
      "not-a-clinical-document",
      `none of the archive's ${companions.length} files is a clinical document`,
    );
  }
  return { documents, companions };
}

async function openPossiblyEmpty(
  answer: DownloadedAnswer,
  limits: DocumentLimits,
): Promise<Awaited<ReturnType<typeof openDocuments>>> {
  try {
    return await openDocuments(answer, limits);
  } catch (error) {
    if (error instanceof DocumentRefused && error.reason === "no-documents") return { container: "zip", documents: [] };
    throw error;
  }
}

/** Whether a file of an archive claims to be a clinical document: by its root element, or else by its name. */
async function claimsToBeDocument(file: DownloadedDocument): Promise<boolean> {
  const search = await findRootOf(file);
  if (search.state === "found") return localName(search.root) === "clinicaldocument" || search.root.namespace === hl7;
  const fileName = file.name?.split("/").at(-1) ?? "";
  // macOS stores a file's attributes beside it, as `._` and the file's name.
  return /\.(?:xml|c?cda|ccd)$/i.test(fileName) && !fileName.startsWith("._");
}

/** Enough for any prologue. */
const searchBytes = 1024 * 1024;
/** The root's tag may be long: its namespace must not depend on how the content arrives in chunks. */
const tagBytes = 64 * 1024;

async function findRootOf(file: DownloadedDocument): Promise<RootSearch> {
  let start: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of file.chunks()) {
      start = Buffer.concat([start, chunk]);
      if (start.length >= searchBytes) break;
      if (start.length >= tagBytes && findRootElement(start).state !== "unfinished") break;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return findRootElement(start);
}

async function readCompanion(file: DownloadedDocument): Promise<Companion> {
  try {
    await readToEnd(file.chunks());
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return { name: file.name ?? "", bytes: file.bytes };
}

/** Whether a file is damaged by itself. A companion may be; a document is refused for it when it is read. */
function isDamage(error: unknown): boolean {
  return error instanceof DocumentRefused && isDocumentReason(error.reason);
}
