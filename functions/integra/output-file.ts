import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ServerUnavailable } from "#contracts/errors.ts";
import { FileCut, FileRefused } from "#contracts/file-faults.ts";
import { authorisedRequest, type IntegraClient } from "./authorised-request.ts";
import { headerText, networkErrorCode, readRefusal, refusalCodes } from "./http.ts";

/** An output file that began to arrive. */
export interface OpenedFile {
  /** The file's bytes, gunzipped where they travelled gzipped. Throws FileCut where they end too early. */
  chunks: AsyncIterable<Buffer>;
  /** How the reader can know that the file is whole, once `chunks` has ended without an error. */
  wholeness: "length" | "chunked" | "gzip" | "unproven";
}

/**
 * Begins to download one file. The token travels raw in `x-auth-token`, as the guide wants it, and as a bearer token, as
 * the standard does; not at all where the manifest says that the URL needs none.
 *
 * Source: guide, "Download the ndjson file"; Bulk Data Access, "Bulk Data Output File Request".
 * @throws FileRefused on 403 (ATTACHMENT_FILE_NOT_FOUND, expired), 404, 410 and other final refusals
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function openOutputFile(
  client: IntegraClient,
  file: { url: URL; requiresAccessToken: boolean },
  signal?: AbortSignal,
): Promise<OpenedFile> {
  const answer = await authorisedRequest(client, {
    method: "GET",
    url: file.url,
    headers: { accept: "application/fhir+ndjson", "accept-encoding": "gzip" },
    token: file.requiresAccessToken ? "bearer-and-raw" : "none",
    origins: client.server.fileOrigins,
    signal,
  });
  if (answer.status !== 200) {
    const refusal = await readRefusal(answer, client.now());
    const message = `the file server answered ${refusalCodes(refusal)}`;
    if (refusal.temporary) throw new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs });
    throw new FileRefused(message);
  }
  const encoding = headerText(answer, "content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "gzip" || encoding === "x-gzip")
    return { chunks: guarded(gunzipped(answer.body)), wholeness: "gzip" };
  if (encoding !== "identity" && encoding !== "") {
    answer.body.destroy();
    throw new FileRefused(`the file server sent content-encoding ${encoding}, which was not asked for`);
  }
  return {
    chunks: withLength(answer.body, headerText(answer, "content-length")),
    wholeness: wholenessOf(answer.headers),
  };
}

function wholenessOf(headers: Record<string, string | string[] | undefined>): OpenedFile["wholeness"] {
  if (headers["content-length"] !== undefined) return "length";
  // undici fails a chunked body that ends without its last chunk; a close-delimited one just ends.
  return headers["transfer-encoding"] === undefined ? "unproven" : "chunked";
}

/** zlib throws on a gzip stream that ends early or whose checksum is wrong. */
function gunzipped(body: Readable): Readable {
  // The callback's error is the one that the returned stream throws to its reader.
  return pipeline(body, createGunzip({ chunkSize: 256 * 1024 }), () => undefined);
}

async function* withLength(body: Readable, contentLength: string | undefined): AsyncGenerator<Buffer> {
  const expected = contentLength === undefined ? undefined : Number(contentLength);
  let received = 0;
  for await (const chunk of guarded(body)) {
    received += chunk.length;
    yield chunk;
  }
  if (expected !== undefined && received !== expected) {
    throw new FileCut(`the file ended after ${received} of ${expected} bytes`);
  }
}

async function* guarded(body: Readable): AsyncGenerator<Buffer> {
  let received = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      received += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new FileCut(`the file broke off after ${received} bytes (${networkErrorCode(error)})`, { cause: error });
  }
}
