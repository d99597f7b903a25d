import { type ExportJob, statusOf } from "#local/simulator/bulk-export/export-jobs.ts";
import { MOVED_MANIFESTS_PATH, manifestPage } from "#local/simulator/bulk-export/manifest.ts";
import { changeManifest } from "#local/simulator/faults/odd-manifest.ts";
import {
  accessDenied,
  emptyReply,
  FHIR_JSON,
  jsonReply,
  operationOutcome,
  outcomeResource,
  type Reply,
  retryAfterHeader,
} from "#local/simulator/http/http-reply.ts";
import { checkAuthorization } from "#local/simulator/oauth/access-tokens.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

const STATUS_PATH = /^\/integra\/fhir-export\/r4\/bulkExport\/([^/$%]+)$/;
const MOVED_MANIFEST_PATH = /^\/integra\/fhir-export\/r4\/manifests\/([^/$%]+)\/manifest\.json$/;
// Timers of clients fire a few milliseconds early.
const EARLY_TOLERANCE_MS = 50;

/** The job id in the path of a status URL, or of a moved manifest; null for any other path. */
export function jobIdOfPath(path: string): string | null {
  return STATUS_PATH.exec(path)?.[1] ?? MOVED_MANIFEST_PATH.exec(path)?.[1] ?? null;
}

/** Status request (guide: "Content URL"; Bulk Data: "Bulk Data Status Request"). */
export function answerStatus(context: RequestContext): Reply {
  const found = findJob(context);
  if ("reply" in found) return found.reply;
  const { job } = found;
  const status = statusOf(job, context.receivedAt);
  if (status === "Failed") return operationOutcome(500, "the export job has failed", "processing");
  if (status === "Complete") return completeReply(context, job);
  return inProgressReply(context, job);
}

/** Delete request (guide: "Delete API"; Bulk Data: "Bulk Data Delete Request"): 202 without a body. */
export function answerDelete(context: RequestContext): Reply {
  const found = findJob(context);
  if ("reply" in found) return found.reply;
  found.job.deleted = true;
  return emptyReply(202);
}

function findJob({ state, request, path, entry }: RequestContext): { job: ExportJob } | { reply: Reply } {
  const check = checkAuthorization(state.tokens, request.headers, entry);
  if ("refusal" in check) return { reply: accessDenied(check.refusal) };
  const id = jobIdOfPath(path) ?? "";
  const job = state.jobs.find(id, check.grant.clientId);
  if (job === undefined) return { reply: operationOutcome(404, `URL Invalid: there is no job ${id}`, "not-found") };
  entry.jobId = job.id;
  return { job };
}

function inProgressReply({ state: { settings }, receivedAt }: RequestContext, job: ExportJob): Reply {
  const retryAfter = retryAfterHeader(settings.retryAfterSeconds, settings.retryAfterFormat);
  const early = job.nextStatusAt - receivedAt;
  if (settings.enforceRetryAfter && early > EARLY_TOLERANCE_MS) {
    return operationOutcome(429, `the status was requested ${early} ms before Retry-After`, "throttled", retryAfter);
  }
  job.nextStatusAt = receivedAt + (settings.retryAfterSeconds ?? 0) * 1000;
  const outcome = outcomeResource("information", "informational", "In-Progress");
  return jsonReply(202, outcome, { "content-type": FHIR_JSON, "x-progress": "In-Progress", ...retryAfter });
}

function completeReply({ state, request, path, query, fault }: RequestContext, job: ExportJob): Reply {
  const { baseUrl, settings } = state;
  if (fault?.kind === "see-other") {
    return emptyReply(303, { location: `${baseUrl}${MOVED_MANIFESTS_PATH}${job.id}/manifest.json` });
  }
  const page = Number(new URLSearchParams(query).get("page") ?? "1");
  const found = manifestPage(job, { baseUrl, page, moved: MOVED_MANIFEST_PATH.test(path) }, settings);
  if (found === null) return operationOutcome(404, `URL Invalid: there is no page ${page}`, "not-found");
  const place = { selfUrl: baseUrl + (request.url ?? "").slice(1), lines: found.files.map(({ lines }) => lines) };
  const manifest =
    fault?.kind === "odd-manifest" ? changeManifest(found.manifest, fault.change, place) : found.manifest;
  const text = JSON.stringify(manifest, null, 2);
  const body = Buffer.from(settings.rawLineBreaks ? text.replaceAll("\\n", "\n") : text);
  const expires = new Date(job.completesAt + settings.fileLifetimeMs).toUTCString();
  return { status: 200, headers: { "content-type": "application/json", expires }, body };
}
