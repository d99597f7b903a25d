import { beginsAsMarkup, findRootElement, localName } from "#ccd-retrieval/documents/xml/root-element.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";
import { openDecodedBody } from "#platform/http/decoded-body.ts";
import { type HttpAnswer, headerText } from "#platform/http/http.ts";

/** Documents that have begun to arrive: a ZIP of documents, or one XML document. Read `chunks` to the end, or stop the iteration. */
export interface DocumentStream extends OpenedBody {
  form: "zip" | "xml";
  /** The Content-Type that the server sent. It may be anything. */
  contentType: string | undefined;
}

/** The body of a 200: documents, a ZIP without entries, or a statement of the server. */
export type DownloadBody =
  | { kind: "documents" | "empty-zip"; documents: DocumentStream }
  | { kind: "statement"; text: Buffer };

/** Enough bytes for the first signature, and for most prologues. */
const beginningLimit = 512;
const statementLimit = 256 * 1024;

/**
 * Finds out what a body is: by its first bytes and, if it is XML or HTML, by its root element. So a document may quote `<html>`,
 * and it makes no difference how the network cuts the body. The guide does not name a Content-Type, so the Content-Type decides
 * nothing.
 * The bridge requests no content coding, and decodes one that comes all the same.
 * @throws ServerUnavailable if the body ends early or is damaged within these bytes; CodingUnreadable if the bridge cannot read
 * its content coding
 */
export async function openDownloadBody(answer: HttpAnswer): Promise<DownloadBody> {
  try {
    const { chunks: decoded, wholeness } = await openDecodedBody(answer, "the download of CCDs");
    const iterator = decoded[Symbol.asyncIterator]();
    const { beginning, ended } = await readUntilKnown(iterator);
    const form = formOf(beginning);
    if (form === undefined) {
      const { beginning: text } = await readBeginning(iterator, statementLimit, beginning);
      await iterator.return?.();
      return { kind: "statement", text };
    }
    const chunks = joinChunks(beginning, iterator);
    const contentType = headerText(answer, "content-type");
    const documents = { form, chunks, wholeness, contentType };
    return { kind: ended && isEmptyZip(beginning) ? "empty-zip" : "documents", documents };
  } catch (error) {
    if (!(error instanceof FileCut || error instanceof FileDamaged)) throw error;
    throw new ServerUnavailable(error.message, { cause: error });
  }
}

/** A ZIP begins with an entry. If it has no entries, it begins with its end record (APPNOTE 4.3.7 and 4.3.16). */
function formOf(beginning: Buffer): "zip" | "xml" | undefined {
  if (isZip(beginning)) return "zip";
  const search = findRootElement(beginning);
  const isStatement = search.state === "found" && statementRoots.has(localName(search.root));
  // A text that begins as markup and has no root is a damaged document.
  return beginsAsMarkup(beginning) && !isStatement ? "xml" : undefined;
}

/** The roots of HTML pages and of FHIR's errors in XML. Whatever else is XML must prove to be a document. */
const statementRoots: ReadonlySet<string> = new Set(["html", "head", "body", "operationoutcome"]);

function isZip(beginning: Buffer): boolean {
  return beginning.toString("latin1", 0, 4) === "PK\u0003\u0004" || isEmptyZip(beginning);
}

function isEmptyZip(beginning: Buffer): boolean {
  return beginning.toString("latin1", 0, 4) === "PK\u0005\u0006";
}

/** Reads until the body shows what it is, or its prologue is longer than any. */
async function readUntilKnown(chunks: AsyncIterator<Buffer>): Promise<{ beginning: Buffer; ended: boolean }> {
  let read = await readBeginning(chunks, beginningLimit);
  for (let limit = 2 * beginningLimit; !read.ended && limit <= statementLimit; limit *= 2) {
    if (isZip(read.beginning) || findRootElement(read.beginning).state !== "unfinished") break;
    read = await readBeginning(chunks, limit, read.beginning);
  }
  return read;
}

/** Reads on after `already`, until there are `limit` bytes in all (the last chunk may exceed it) or the body ends. */
async function readBeginning(
  chunks: AsyncIterator<Buffer>,
  limit: number,
  already: Buffer = Buffer.alloc(0),
): Promise<{ beginning: Buffer; ended: boolean }> {
  const pieces = [already];
  for (let size = already.length; size < limit; ) {
    const next = await chunks.next();
    if (next.done === true) return { beginning: Buffer.concat(pieces), ended: true };
    pieces.push(next.value);
    size += next.value.length;
  }
  return { beginning: Buffer.concat(pieces), ended: false };
}

async function* joinChunks(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield beginning;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
