import { ExportJobFailed, ExportJobGone } from "#bulk-export/language/export-faults.ts";
import type { WarningCounts } from "#bulk-export/language/export-warnings.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { LocatedAnswer } from "#platform/http/authorised-request.ts";
import { discardBody, type HttpAnswer, readBody, readRefusal, refusalText } from "#platform/http/http.ts";
import { readHeaderText } from "#platform/http/reading/header-text.ts";
import { type ReportWarning, warningCollector } from "#platform/http/reading/reading-warnings.ts";
import { readRetryAfter } from "#platform/http/reading/retry-after.ts";
import { readServerText } from "#platform/http/server-text.ts";
import { onServerOrigin } from "#platform/http/trusted-origins.ts";
import { redactServerText } from "#platform/lambda/redaction.ts";
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
  | {
      state: "in-progress";
      progress: string | undefined;
      retryAfterMs: number | undefined;
      /** What could not be read in the answer. Absent if nothing. */
      warnings?: WarningCounts;
    }
  | ({ state: "complete" } & ManifestPage);

/** In bytes. A manifest of 100,000 files has about 30 MB. */
const manifestLimit = 64 * 1024 * 1024;

/**
 * Polls a job once. Only the server itself says that a job is over: by a manifest under status 200, by an OperationOutcome
 * that says that the job failed, or by 404 and 410. Any other answer, such as a proxy's page under 200 or 403, says nothing about
 * the job.
 *
 * Source: guide, "Content URL"; Bulk Data Access, "Bulk Data Status Request".
 * @throws ExportJobFailed if an OperationOutcome has an issue of severity error or fatal that is of no transient type
 * @throws ExportJobGone on 404 and 410
 * @throws ServerUnavailable if the answer says nothing about the job
 * @throws AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function pollStatus(client: IntegraClient, statusUrl: URL, signal?: AbortSignal): Promise<JobStatus> {
  const headers = { accept: "application/json" };
  const answer = await requestJob(client, { method: "GET", url: statusUrl, headers, signal });
  if (answer.status === 200) return await completeOrOutcome(client, answer);
  if (answer.status !== 202) throw await statusFault(client, answer);
  await discardBody(answer);
  return inProgress(client, answer, (warn) => readHeaderText(answer.headers["x-progress"], warn));
}

/** A 200 has the manifest. Some servers send an OperationOutcome instead, which says that the job failed or still runs. */
async function completeOrOutcome(client: IntegraClient, answer: LocatedAnswer): Promise<JobStatus> {
  const manifest = await readBody(answer, manifestLimit);
  if (isManifest(manifest)) return { state: "complete", manifest, url: answer.url };
  const { failure, text } = readServerText(manifest, answer.credentials);
  if (failure === "none") return inProgress(client, answer, () => text);
  if (failure === undefined) throw new ServerUnavailable("the status URL answered 200, but the body is not a manifest");
  const message = `the server answered the status request with HTTP 200: ${text || "an OperationOutcome without words"}`;
  if (failure === "lasting") throw new ExportJobFailed(message);
  throw new ServerUnavailable(message, { retryAfterMs: readRetryAfter(answer.headers["retry-after"], client.now()) });
}

function inProgress(
  client: IntegraClient,
  answer: LocatedAnswer,
  progressOf: (warn: ReportWarning) => string | undefined,
): JobStatus {
  const warnings = warningCollector();
  const progress = progressOf(warnings.at("x-progress"));
  const wait = readRetryAfter(answer.headers["retry-after"], client.now(), warnings.at("retry-after"));
  return {
    state: "in-progress",
    progress: progress && redactServerText(progress, answer.credentials),
    retryAfterMs: wait,
    ...(warnings.warnings.length > 0 && { warnings: warnings.counts() }),
  };
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
  const { status, retryAfterMs } = refusal;
  const message = `the server answered the status request with ${refusalText(refusal)}`;
  if (status === 404 || status === 410) return new ExportJobGone(message, { retryAfterMs });
  // A server that names a time to come back has not given the job up.
  const isOver = status >= 400 && refusal.failure === "lasting" && !refusal.temporary && retryAfterMs === undefined;
  return isOver ? new ExportJobFailed(message) : unavailableFault(message, refusal);
}
