import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileRefused } from "#platform/faults/file-faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import { type OpenedBody, wholenessOf } from "#platform/http/body-wholeness.ts";
import { openDecodedBody } from "#platform/http/decoded-body.ts";
import { type Headers, type HttpAnswer, readRefusal, refusalCodes } from "#platform/http/http.ts";
import { CodingUnreadable, isUncoded } from "#platform/http/reading/content-coding.ts";
import { type IntegraClient } from "./integra-server.ts";
import { resumedBody } from "./resumed-body.ts";

/** A file that the manifest lists. */
export interface OutputFile {
  url: URL;
  requiresAccessToken: boolean;
}

/**
 * Starts the download of one file. It accepts gzip, and reads what else comes. The access token is sent twice: raw in `x-auth-token`, as the guide
 * requires, and as a bearer token, as the standard requires. If the manifest says that its URLs need no token, none is
 * sent.
 *
 * A transfer that breaks off is resumed if that is safe. Reading `chunks` may therefore throw the same faults as this
 * function.
 *
 * Source: guide, "Download the ndjson file"; Bulk Data Access, "Bulk Data Output File Request".
 * @throws FileRefused on 403 (ATTACHMENT_FILE_NOT_FOUND, expired), 404, 410 and other refusals that name no time to come back,
 * and if the file is in a content coding that the bridge cannot read
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function openOutputFile(
  client: IntegraClient,
  file: OutputFile,
  signal?: AbortSignal,
): Promise<OpenedBody> {
  const answer = await requestFile(client, file, { "accept-encoding": "gzip" }, signal);
  if (answer.status !== 200) throw await fileFault(client, answer);
  if (!isUncoded(answer.headers["content-encoding"])) return await openCodedFile(answer);
  const requestRest = async (from: number, etag: string): Promise<HttpAnswer> => {
    const headers = { "accept-encoding": "identity", range: `bytes=${from}-`, "if-range": etag };
    const rest = await requestFile(client, file, headers, signal);
    if (rest.status === 200 || rest.status === 206 || rest.status === 416) return rest;
    throw await fileFault(client, rest);
  };
  return { chunks: resumedBody(answer, requestRest, signal), wholeness: wholenessOf(answer) };
}

/** Each attempt would bring the same coding, so a coding that cannot be read refuses the file. The job stays. */
async function openCodedFile(answer: HttpAnswer): Promise<OpenedBody> {
  try {
    return await openDecodedBody(answer, "the file");
  } catch (fault) {
    throw fault instanceof CodingUnreadable ? new FileRefused(fault.message, { cause: fault }) : fault;
  }
}

function requestFile(
  client: IntegraClient,
  file: OutputFile,
  headers: Headers,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  return authorisedRequest(client, {
    method: "GET",
    url: file.url,
    headers: { accept: "application/fhir+ndjson", ...headers },
    token: file.requiresAccessToken ? "bearer-and-raw" : "none",
    origins: client.server.fileOrigins,
    signal,
  });
}

async function fileFault(client: IntegraClient, answer: HttpAnswer): Promise<ServerUnavailable | FileRefused> {
  const refused = await readRefusal(answer, client.now());
  const message = `the file server answered ${refusalCodes(refused)}`;
  // A file that is not ready yet, or names a time to come back, is requested again (RFC 9110, 10.2.3 and 15.3.3).
  const notYet = refused.status === 202 || answer.headers["retry-after"] !== undefined;
  if (!refused.temporary && !notYet) return new FileRefused(message);
  return new ServerUnavailable(message, { retryAfterMs: refused.retryAfterMs });
}
