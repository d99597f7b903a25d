import { discardBody, readRefusal, refusalText } from "#platform/http/http.ts";
import type { IntegraClient } from "./integra-server.ts";
import { requestJob, unavailableFault } from "./job-request.ts";

/**
 * Deletes a job and its files on the server. A job that the server no longer has counts as deleted.
 *
 * Source: guide, "Delete API"; Bulk Data Access, "Bulk Data Delete Request".
 * @throws ServerUnavailable, with the server's words, on any other answer
 * @throws AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function deleteJob(client: IntegraClient, statusUrl: URL, signal?: AbortSignal): Promise<void> {
  const headers = { accept: "application/fhir+json" };
  const answer = await requestJob(client, { method: "DELETE", url: statusUrl, headers, signal });
  const { status } = answer;
  if ((status >= 200 && status < 300) || status === 404 || status === 410) {
    await discardBody(answer);
    return;
  }
  const refusal = await readRefusal(answer, client.now());
  throw unavailableFault(`the server answered the DELETE with ${refusalText(refusal)}`, refusal);
}
