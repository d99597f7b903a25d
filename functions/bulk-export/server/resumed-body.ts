import { FileCut } from "#platform/faults/file-faults.ts";
import { contentLength, type HttpAnswer, headerText } from "#platform/http/http.ts";
import { networkErrorCode } from "#platform/http/network-faults.ts";
import { isUncoded } from "#platform/http/reading/content-coding.ts";

/** Requests the bytes of a file from `from` on, if the file still has this ETag (RFC 9110, "Range" and "If-Range"). */
export type RequestRest = (from: number, etag: string) => Promise<HttpAnswer>;

/** How often one transfer is resumed. After that, the next attempt requests the whole file again. */
const mostResumptions = 3;

/**
 * Reads the body of a file that is sent without content encoding. If the transfer breaks off, it is resumed with a
 * range request. This needs a strong ETag, which identifies the version of the file: bytes of two versions are never
 * combined.
 *
 * Source: RFC 9110, 13.1.5 "If-Range", 14.4 "Content-Range", 15.3.7 "206 Partial Content".
 * @throws FileCut if the body ends too early and cannot be resumed, or if `signal` is aborted
 * @throws the faults of `requestRest`
 */
export async function* resumedBody(
  first: HttpAnswer,
  requestRest: RequestRest,
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
    const rest = await requestRest(received, etag);
    total = await wholeLength(rest, { etag, received, total, cut });
    ({ body } = rest);
  }
}

/** The file's ETag, if it is a strong one and the server accepts range requests. */
function strongEtag(answer: HttpAnswer): string | undefined {
  const etag = headerText(answer, "etag")?.trim() ?? "";
  const strong = /^"[^"]*"$/.test(etag);
  return strong && headerText(answer, "accept-ranges")?.trim().toLowerCase() !== "none" ? etag : undefined;
}

function cutAfter(received: number, total: number | undefined, cause: unknown): FileCut {
  if (cause === undefined) return new FileCut(`the file ended after ${received} of ${total} bytes`);
  return new FileCut(`the file broke off after ${received} bytes (${networkErrorCode(cause)})`, { cause });
}

interface BrokenTransfer {
  etag: string;
  received: number;
  total: number | undefined;
  cut: FileCut;
}

/**
 * The length of the whole file in bytes, from the answer to a range request.
 * @throws FileCut if the answer is not the rest of the same version of the file
 */
async function wholeLength(rest: HttpAnswer, { etag, received, total, cut }: BrokenTransfer): Promise<number> {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(headerText(rest, "content-range")?.trim() ?? "");
  const [from, last, all] = (range ?? []).slice(1).map((text) => (text === "*" ? total : Number(text)));
  const fits =
    rest.status === 206 &&
    isUncoded(rest.headers["content-encoding"]) &&
    headerText(rest, "etag")?.trim() === etag &&
    from === received &&
    all !== undefined &&
    last === all - 1 &&
    (total ?? all) === all;
  if (fits) return all;
  // The whole file (200), no such range (416) or another part: the file has changed, or the server does not support ranges.
  rest.body.destroy();
  throw new FileCut(`${cut.message}, and the server did not continue from there (HTTP ${rest.status})`, { cause: cut });
}
