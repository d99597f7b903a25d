import { ServerUnavailable } from "#platform/faults/faults.ts";
import { discardBody, type Http, readBody } from "#platform/http/http.ts";
import { readJsonObject } from "#platform/http/reading/json.ts";

/** A person waits for the answer. */
const answerMs = 5_000;
const bodyLimit = 256 * 1024;

export interface FetchOptions {
  /** The time of several requests together. By default the request has an `answerTime` of its own. */
  signal?: AbortSignal;
  /** No cache in between may answer (RFC 9111, 5.2.1.4). */
  fresh?: boolean;
}

/** The time in which a document has to come. */
export const answerTime = (): AbortSignal => AbortSignal.timeout(answerMs);

/**
 * Fetches a public document of the server's sign-in: within 5 s, at most 256 KiB of it. No redirect is followed.
 * @param name names the document in the faults
 * @returns undefined if the body is not a JSON object
 * @throws ServerUnavailable if the server does not answer in time, or not with 200
 */
export async function fetchJsonObject(
  http: Http,
  url: URL,
  name: string,
  { signal = answerTime(), fresh = false }: FetchOptions = {},
): Promise<Record<string, unknown> | undefined> {
  const headers = { accept: "application/json", ...(fresh && { "cache-control": "no-cache" }) };
  try {
    const answer = await http({ method: "GET", url, headers, signal });
    if (answer.status === 200) return readJsonObject(await readBody(answer, bodyLimit));
    await discardBody(answer);
    throw new ServerUnavailable(`the server answered HTTP ${answer.status} for its ${name}`);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    throw new ServerUnavailable(`the server did not send its ${name} within ${answerMs / 1000} s`, { cause: error });
  }
}
