import { ExportJobFailed, ExportJobGone } from "#bulk-export/language/export-faults.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { discardBody, type HttpAnswer, headerText, readBody, readRefusal, refusalText } from "#platform/http/http.ts";
import { retryAfterMs } from "#platform/http/retry-after.ts";
import { onServerOrigin } from "#platform/http/trusted-origins.ts";
import { redactForeign } from "#platform/lambda/redaction.ts";
import type { IntegraClient } from "./integra-server.ts";
import { requestJob, unavailableFault } from "./job-request.ts";
import { isManifest } from "./manifest.ts";

/** A page of a manifest, byte for byte, and where it came from after redirects: the base of its relative URLs. */
export interface ManifestPage {
  manifest: Buffer;
  url: URL;
}

/** The answer to a status request: the job is in progress, or it is complete and this is its manifest. */
export type JobStatus =
  | { state: "in-progress"; progress: string | undefined; retryAfterMs: number | undefined }
  | ({ state: "complete" } & ManifestPage);

/** In bytes. A manifest of 100,000 files has about 30 MB. */
const manifestLimit = 64 * 1024 * 1024;

/**
 * Polls a job once.
 *
 * Source: guide, "Content URL"; Bulk Data Access, "Bulk Data Status Request".
 * @throws ExportJobFailed if the server reports that the job failed
 * @throws ExportJobGone on 404 and 410
 * @throws ServerUnavailable if the answer says nothing about the job
 * @throws AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function pollStatus(client: IntegraClient, statusUrl: URL, signal?: AbortSignal): Promise<JobStatus> {
  const headers = { accept: "application/json" };
  const answer = await requestJob(client, { method: "GET", url: statusUrl, headers, signal });
  if (answer.status === 202) {
    await discardBody(answer);
    const wait = retryAfterMs(answer.headers["retry-after"], client.now());
    const progress = headerText(answer, "x-progress");
    return { state: "in-progress", progress: progress && redactForeign(progress), retryAfterMs: wait };
  }
  if (answer.status !== 200) throw await statusFault(client, answer);
  const manifest = await readBody(answer, manifestLimit);
  if (!isManifest(manifest)) throw new ServerUnavailable("the status URL answered 200, but the body is not a manifest");
  return { state: "complete", manifest, url: statusUrl };
}

/**
 * Reads a further page of a manifest that the server split (Bulk Data Access, `link` with relation `next`). Its first page says that
 * the job is complete, so nothing that a page answers ends the job.
 * @throws ServerUnavailable if the server does not send the page
 * @throws AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function readManifestPage(client: IntegraClient, url: URL, signal?: AbortSignal): Promise<ManifestPage> {
  const pageUrl = onServerOrigin(client.server, url.href, url, "the manifest's link.next");
  const status = await pollStatus(client, pageUrl, signal).catch((fault: unknown) => {
    if (fault instanceof ExportJobFailed || fault instanceof ExportJobGone)
      throw new ServerUnavailable(`the next page of the manifest cannot be read: ${fault.message}`, { cause: fault });
    throw fault;
  });
  if (status.state === "complete") return status;
  throw new ServerUnavailable("the next page of the manifest is not ready yet", { retryAfterMs: status.retryAfterMs });
}

async function statusFault(client: IntegraClient, answer: HttpAnswer): Promise<Error> {
  const refusal = await readRefusal(answer, client.now());
  const message = `the server answered the status request with ${refusalText(refusal)}`;
  if (refusal.temporary || refusal.status < 400) return unavailableFault(message, refusal);
  if (refusal.status === 404 || refusal.status === 410)
    return new ExportJobGone(message, { retryAfterMs: refusal.retryAfterMs });
  return new ExportJobFailed(message);
}
