import { KickOffRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import type { WarningCounts } from "#bulk-export/language/export-warnings.ts";
import { discardBody, type HttpAnswer, headerText, readRefusal, refusalText } from "#platform/http/http.ts";
import { warningCollector } from "#platform/http/reading/reading-warnings.ts";
import { readRetryAfter } from "#platform/http/reading/retry-after.ts";
import { urlFromHeader } from "#platform/http/reading/server-url.ts";
import { onServerOrigin } from "#platform/http/trusted-origins.ts";
import { type IntegraClient, type IntegraServer } from "./integra-server.ts";
import { requestJob, unavailableFault } from "./job-request.ts";

/** A job that the server accepted. */
export interface StartedJob {
  statusUrl: URL;
  /** The wait that the server requested before the first status request, in milliseconds. */
  retryAfterMs: number | undefined;
  /** What could not be read in the answer. Absent if nothing. */
  warnings?: WarningCounts;
}

/**
 * The URL that kicks off an export. Parameter values are percent-encoded in full, `+` and `|` included (guide, "Download the
 * ndjson file", note on encoding; "Query parameters").
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
 * Kicks off an export. What counts is the Content-Location: some servers send it with a 200 or 201 instead of a 202.
 *
 * Source: guide, "Access Bulk Export API"; Bulk Data Access, "Kick-off Request".
 * @throws KickOffRejected, with the server's words, if the refusal is final
 * @throws OriginRefused if Content-Location leads away from the server
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable
 */
export async function kickOff(
  client: IntegraClient,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<StartedJob> {
  const url = kickOffUrl(client.server, request);
  const headers = { accept: "application/fhir+json", prefer: "respond-async" };
  const answer = await requestJob(client, { method: "GET", url, headers, signal });
  if (![200, 201, 202].includes(answer.status)) throw await kickOffFault(client, answer);
  const location = headerText(answer, "content-location")?.trim();
  if (location === undefined || location === "") throw await withoutLocation(client, answer);
  await discardBody(answer);
  const warnings = warningCollector();
  const target = urlFromHeader(answer.headers["content-location"], answer.url)?.href ?? location;
  return {
    statusUrl: onServerOrigin(client.server, target, answer.url, "the Content-Location of the kick-off"),
    retryAfterMs: readRetryAfter(answer.headers["retry-after"], client.now(), warnings.at("retry-after")),
    ...(warnings.warnings.length > 0 && { warnings: warnings.counts() }),
  };
}

async function withoutLocation(client: IntegraClient, answer: HttpAnswer): Promise<KickOffRejected> {
  const { status, text } = await readRefusal(answer, client.now());
  const words = text === "" ? "" : ` (it said: ${text})`;
  return new KickOffRejected(
    `the server answered the kick-off with HTTP ${status}, but without a Content-Location, so its job cannot be found${words}: report this to the vendor`,
  );
}

async function kickOffFault(client: IntegraClient, answer: HttpAnswer): Promise<Error> {
  const refusal = await readRefusal(answer, client.now());
  const message = `the server answered the kick-off with ${refusalText(refusal)}`;
  return refusal.temporary || refusal.status < 400 ? unavailableFault(message, refusal) : new KickOffRejected(message);
}
