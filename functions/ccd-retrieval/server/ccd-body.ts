import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import { type OpenedBody, wholenessOf } from "#platform/http/body-wholeness.ts";
import { type HttpAnswer, headerText, networkErrorCode } from "#platform/http/http.ts";

/** Documents that began to arrive: a ZIP of them, or one XML. Their `chunks` are to be read to the end, or destroyed. */
export interface CcdDocuments extends OpenedBody {
  form: "zip" | "xml";
  /** As the server says, which may be anything. */
  contentType: string | undefined;
}

/** What is in the body of a 200: documents, a ZIP without entries, or something that the server has to say. */
export type CcdBody =
  | { kind: "documents" | "empty-zip"; documents: CcdDocuments }
  | { kind: "statement"; text: Buffer };

/** Enough to tell a document from a page of HTML or an error in XML, however it begins. */
const beginningLimit = 512;
const statementLimit = 256 * 1024;

/**
 * Looks at the first bytes of a body, and not at its Content-Type, which the guide does not name.
 * @throws ServerUnavailable where the body is cut there, or comes in a coding that was not asked for
 */
export async function openCcdBody(answer: HttpAnswer): Promise<CcdBody> {
  const encoding = headerText(answer, "content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "") {
    answer.body.destroy();
    throw new ServerUnavailable("the server sent CCDs in a content-encoding that was not asked for");
  }
  try {
    const iterator = received(answer);
    const { beginning, ended } = await beginningOf(iterator, beginningLimit);
    const form = formOf(beginning);
    if (form === undefined) {
      const { beginning: text } = await beginningOf(iterator, statementLimit, beginning);
      await iterator.return(undefined);
      return { kind: "statement", text };
    }
    const whole = followedBy(beginning, iterator);
    const contentType = headerText(answer, "content-type");
    const documents = { form, chunks: whole, wholeness: wholenessOf(answer), contentType };
    return { kind: ended && isEmptyZip(beginning) ? "empty-zip" : "documents", documents };
  } catch (error) {
    if (!(error instanceof FileCut)) throw error;
    throw new ServerUnavailable(error.message, { cause: error });
  }
}

/** APPNOTE 4.3.7 and 4.3.16: a ZIP begins with an entry or, where it has none, with its end. */
function formOf(beginning: Buffer): "zip" | "xml" | undefined {
  const signature = beginning.toString("latin1", 0, 4);
  if (signature === "PK\u0003\u0004" || isEmptyZip(beginning)) return "zip";
  // XML in UTF-16 says so by its byte order mark; HTML and errors come in UTF-8.
  if (signature.startsWith("\u00fe\u00ff") || signature.startsWith("\u00ff\u00fe")) return "xml";
  const text = beginning.toString("utf8").replace(/^\ufeff?\s*/, "");
  return text.startsWith("<") && !/<(!doctype\s+html|html|OperationOutcome)\b/i.test(text) ? "xml" : undefined;
}

function isEmptyZip(beginning: Buffer): boolean {
  return beginning.toString("latin1", 0, 4) === "PK\u0005\u0006";
}

/** `already` and what follows it, up to `limit` bytes in all, give or take a chunk. */
async function beginningOf(
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

/** The body as it comes; undici holds it to its Content-Length. Throws FileCut where it breaks off. */
async function* received({ body }: HttpAnswer): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new FileCut(`the documents broke off after ${bytes} bytes (${networkErrorCode(error)})`, { cause: error });
  }
}

async function* followedBy(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield beginning;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
