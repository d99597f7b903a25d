import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileRefused } from "#platform/faults/file-faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import { type OpenedBody, wholenessOf } from "#platform/http/body-wholeness.ts";
import { type Headers, type HttpAnswer, headerText, readRefusal, refusalCodes } from "#platform/http/http.ts";
import { gunzippedBody } from "./gunzipped-body.ts";
import { type IntegraClient } from "./integra-server.ts";
import { resumedBody } from "./resumed-body.ts";

/** A file of the manifest. */
export interface OutputFile {
  url: URL;
  requiresAccessToken: boolean;
}

/**
 * Begins to download one file, gzipped if the server likes. The token travels raw in `x-auth-token`, as the guide wants
 * it, and as a bearer token, as the standard does; not at all where the manifest says that the URL needs none.
 *
 * A transfer that breaks off is resumed where that is safe; then reading `chunks` throws what this function throws.
 *
 * Source: guide, "Download the ndjson file"; Bulk Data Access, "Bulk Data Output File Request".
 * @throws FileRefused on 403 (ATTACHMENT_FILE_NOT_FOUND, expired), 404, 410 and other final refusals
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function openOutputFile(
  client: IntegraClient,
  file: OutputFile,
  signal?: AbortSignal,
): Promise<OpenedBody> {
  const answer = await askFor(client, file, { "accept-encoding": "gzip" }, signal);
  if (answer.status !== 200) throw await refusal(client, answer);
  const encoding = headerText(answer, "content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return { chunks: gunzippedBody(answer), wholeness: "gzip" };
  if (encoding !== "identity" && encoding !== "") {
    answer.body.destroy();
    throw new FileRefused(`the file server sent content-encoding ${encoding}, which was not asked for`);
  }
  const askForRest = async (from: number, etag: string): Promise<HttpAnswer> => {
    const headers = { "accept-encoding": "identity", range: `bytes=${from}-`, "if-range": etag };
    const rest = await askFor(client, file, headers, signal);
    if (rest.status === 200 || rest.status === 206 || rest.status === 416) return rest;
    throw await refusal(client, rest);
  };
  return { chunks: resumedBody(answer, askForRest, signal), wholeness: wholenessOf(answer) };
}

function askFor(
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

async function refusal(client: IntegraClient, answer: HttpAnswer): Promise<ServerUnavailable | FileRefused> {
  const refused = await readRefusal(answer, client.now());
  const message = `the file server answered ${refusalCodes(refused)}`;
  if (!refused.temporary) return new FileRefused(message);
  return new ServerUnavailable(message, { retryAfterMs: refused.retryAfterMs });
}
