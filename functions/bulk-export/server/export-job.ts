import { ExportJobFailed, ExportJobGone, KickOffRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import {
  discardBody,
  type HttpAnswer,
  headerText,
  type Refusal,
  readBody,
  readRefusal,
  refusalText,
} from "#platform/http/http.ts";
import { retryAfterMs } from "#platform/http/retry-after.ts";
import { onServerOrigin } from "#platform/http/trusted-origins.ts";
import { redactForeign } from "#platform/lambda/redaction.ts";
import { type IntegraClient, type IntegraServer } from "./integra-server.ts";
import { isManifest } from "./manifest.ts";

/** What a status request told: the job still runs, or here is its manifest, byte for byte. */
export type JobStatus =
  | { state: "in-progress"; progress: string | undefined; retryAfterMs: number | undefined }
  | { state: "complete"; manifest: Buffer };

/** A job that the server accepted. */
export interface StartedJob {
  statusUrl: URL;
  retryAfterMs: number | undefined;
}

/** A manifest of 100,000 files is about 30 MB. */
const manifestLimit = 64 * 1024 * 1024;

/**
 * The URL that asks for an export. Values are percent-encoded whole, `+` and `|` included (guide, "Download the ndjson
 * file", note on encoding; "Query parameters").
 */
export function kickOffUrl(server: IntegraServer, request: ExportRequest): URL {
  const operation = {
    patient: "Patient/$export",
    group: `Group/${encodeURIComponent(request.groupId ?? "")}/$export`,
    system: "$export",
  }[request.level];
  const url = new URL(operation, server.exportUrl);
  const query = [`_outputFormat=${encodeURIComponent(request.outputFormat)}`];
  if (request.since !== undefined) query.push(`_since=${encodeURIComponent(request.since)}`);
  if (request.types !== undefined) query.push(`_type=${encodeURIComponent(request.types.join(","))}`);
  url.search = query.join("&");
  return url;
}

/**
 * Asks for an export.
 *
 * Source: guide, "Access Bulk Export API"; Bulk Data Access, "Kick-off Request".
 * @throws KickOffRejected with the server's words, where asking again would not help
 * @throws OriginRefused where Content-Location leads away from the server
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable
 */
export async function kickOff(
  client: IntegraClient,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<StartedJob> {
  const url = kickOffUrl(client.server, request);
  const headers = { accept: "application/fhir+json", prefer: "respond-async" };
  const answer = await authorisedRequest(client, ownOrigins(client, { method: "GET", url, headers, signal }));
  if (answer.status !== 202) throw await kickOffFault(client, answer);
  await discardBody(answer);
  const location = headerText(answer, "content-location");
  if (location === undefined) throw new KickOffRejected("the server accepted the export but named no Content-Location");
  return {
    statusUrl: onServerOrigin(client.server, location, url, "the Content-Location of the kick-off"),
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], client.now()),
  };
}

async function kickOffFault(client: IntegraClient, answer: HttpAnswer): Promise<Error> {
  const refusal = await readRefusal(answer, client.now());
  const message = `the server answered the kick-off with ${refusalText(refusal)}`;
  return refusal.temporary || refusal.status < 400 ? unavailable(message, refusal) : new KickOffRejected(message);
}

/**
 * Asks once how the job stands.
 *
 * Source: guide, "Content URL"; Bulk Data Access, "Bulk Data Status Request".
 * @throws ExportJobFailed where the server says that the job failed for good
 * @throws ExportJobGone on 404 and 410
 * @throws ServerUnavailable where the answer says nothing about the job; AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function pollStatus(client: IntegraClient, statusUrl: URL, signal?: AbortSignal): Promise<JobStatus> {
  const headers = { accept: "application/json" };
  const answer = await authorisedRequest(
    client,
    ownOrigins(client, { method: "GET", url: statusUrl, headers, signal }),
  );
  if (answer.status === 202) {
    await discardBody(answer);
    const wait = retryAfterMs(answer.headers["retry-after"], client.now());
    const progress = headerText(answer, "x-progress");
    return { state: "in-progress", progress: progress && redactForeign(progress), retryAfterMs: wait };
  }
  if (answer.status !== 200) throw await statusFault(client, answer);
  const manifest = await readBody(answer, manifestLimit);
  if (!isManifest(manifest))
    throw new ServerUnavailable("the status URL answered 200 with something that is no manifest");
  return { state: "complete", manifest };
}

async function statusFault(client: IntegraClient, answer: HttpAnswer): Promise<Error> {
  const refusal = await readRefusal(answer, client.now());
  const message = `the server answered the status request with ${refusalText(refusal)}`;
  if (refusal.temporary || refusal.status < 400) return unavailable(message, refusal);
  if (refusal.status === 404 || refusal.status === 410) return new ExportJobGone(message);
  return new ExportJobFailed(message);
}

/**
 * Asks the server to forget the job and its files. A job that is already gone counts as deleted.
 *
 * Source: guide, "Delete API"; Bulk Data Access, "Bulk Data Delete Request".
 * @throws ServerUnavailable with the server's answer; AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function deleteJob(client: IntegraClient, statusUrl: URL, signal?: AbortSignal): Promise<void> {
  const headers = { accept: "application/fhir+json" };
  const answer = await authorisedRequest(
    client,
    ownOrigins(client, { method: "DELETE", url: statusUrl, headers, signal }),
  );
  const { status } = answer;
  if ((status >= 200 && status < 300) || status === 404 || status === 410) {
    await discardBody(answer);
    return;
  }
  const refusal = await readRefusal(answer, client.now());
  throw unavailable(`the server answered the DELETE with ${refusalText(refusal)}`, refusal);
}

function ownOrigins<T extends { headers: Record<string, string> }>(client: IntegraClient, request: T) {
  return { ...request, token: "bearer" as const, origins: client.server.tokenOrigins };
}

function unavailable(message: string, refusal: Refusal): ServerUnavailable {
  const unexplained = (refusal.status === 500 || refusal.status < 400) && refusal.outcome === "none";
  return new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs, unexplained });
}

/** One page of a manifest that the server split (Bulk Data Access, `link` with relation `next`). @throws as `pollStatus` */
export async function readManifestPage(client: IntegraClient, url: URL, signal?: AbortSignal): Promise<Buffer> {
  const status = await pollStatus(
    client,
    onServerOrigin(client.server, url.href, url, "the manifest's link.next"),
    signal,
  );
  if (status.state === "complete") return status.manifest;
  throw new ServerUnavailable("the next page of the manifest is not ready yet", { retryAfterMs: status.retryAfterMs });
}
