import { FileCut } from "#platform/faults/file-faults.ts";
import { contentLength, type HttpAnswer, headerText, networkErrorCode } from "#platform/http/http.ts";

/** Asks for a file from byte `from` on, if it is still the one with this ETag (RFC 9110, "Range" and "If-Range"). */
export type AskForRest = (from: number, etag: string) => Promise<HttpAnswer>;

/** Each of them must have brought something. What breaks off more often is left to the next try of the whole file. */
const mostResumptions = 3;

/**
 * The bytes of a file that travels as it is. Where the transfer breaks off, and a strong ETag tells one version of the
 * file from the other, the rest is asked for; bytes of two versions are never put together.
 *
 * Source: RFC 9110, 13.1.5 "If-Range", 14.4 "Content-Range", 15.3.7 "206 Partial Content".
 * @throws FileCut where the body ends too early and cannot be resumed, or `signal` ended it; whatever `askForRest` throws
 */
export async function* resumedBody(
  first: HttpAnswer,
  askForRest: AskForRest,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const etag = strongEtag(first);
  let { body } = first;
  let total = contentLength(first);
  let received = 0;
  for (let resumptions = 0; ; resumptions += 1) {
    const before = received;
    let cause: unknown;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        received += chunk.length;
        yield chunk;
      }
      if (total === undefined || received === total) return;
    } catch (error) {
      cause = error;
    }
    const cut = cutAfter(received, total, cause);
    const resumable = etag !== undefined && received > before && resumptions < mostResumptions;
    if (!resumable || signal?.aborted) throw cut;
    const rest = await askForRest(received, etag);
    total = await lengthOfAll(rest, { etag, received, total, cut });
    ({ body } = rest);
  }
}

/** The file's ETag, if it stands for exactly these bytes and the server resumes at all. */
function strongEtag(answer: HttpAnswer): string | undefined {
  const etag = headerText(answer, "etag")?.trim() ?? "";
  const strong = /^"[^"]*"$/.test(etag);
  return strong && headerText(answer, "accept-ranges")?.trim().toLowerCase() !== "none" ? etag : undefined;
}

function cutAfter(received: number, total: number | undefined, cause: unknown): FileCut {
  if (cause === undefined) return new FileCut(`the file ended after ${received} of ${total} bytes`);
  return new FileCut(`the file broke off after ${received} bytes (${networkErrorCode(cause)})`, { cause });
}

interface Place {
  etag: string;
  received: number;
  total: number | undefined;
  cut: FileCut;
}

/** The length of the whole file, of which `rest` is really the rest: of the same version, from where the other broke off. */
async function lengthOfAll(rest: HttpAnswer, { etag, received, total, cut }: Place): Promise<number> {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(headerText(rest, "content-range")?.trim() ?? "");
  const [from, last, all] = (range ?? []).slice(1).map((text) => (text === "*" ? total : Number(text)));
  const encoding = headerText(rest, "content-encoding")?.trim().toLowerCase() ?? "identity";
  const fits =
    rest.status === 206 &&
    encoding === "identity" &&
    headerText(rest, "etag")?.trim() === etag &&
    from === received &&
    all !== undefined &&
    last === all - 1 &&
    (total ?? all) === all;
  if (fits) return all;
  // A whole file again (200), no such range (416) or another part: the file has changed, or ranges are not understood.
  rest.body.destroy();
  throw new FileCut(`${cut.message}, and the server did not go on from there (HTTP ${rest.status})`, { cause: cut });
}
