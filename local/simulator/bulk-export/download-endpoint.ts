import { createHash } from "node:crypto";
import { type ExportJob, statusOf } from "#local/simulator/bulk-export/export-jobs.ts";
import { filesOfJob } from "#local/simulator/bulk-export/manifest.ts";
import { parseRange } from "#local/simulator/http/byte-range.ts";
import {
  accessDenied,
  attachmentNotFound,
  badRequest,
  type Reply,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import { checkDownloadCredentials } from "#local/simulator/oauth/access-tokens.ts";
import type { ExportFile } from "#local/simulator/records/dataset.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";

/** The parts of a download URL. */
interface FileTarget {
  readonly job: ExportJob | undefined;
  readonly fileName: string;
  /** Absent in capability URLs. */
  readonly resource?: string;
  readonly clientId?: string;
}

/** With or without the folder of a moved manifest. */
const DOWNLOAD_PATH = /^(?:\/integra\/fhir-export\/r4\/manifests\/[^/]+\/files)?\/MoBulkDownload\/downloadNDJSON$/;
const CAPABILITY_PATH =
  /^(?:\/integra\/fhir-export\/r4\/manifests\/[^/]+\/files)?\/MoBulkDownload\/capability\/([^/]+)\/([^/]+)$/;

/** True if the path is that of an export's file. */
export function isDownloadPath(path: string): boolean {
  return DOWNLOAD_PATH.test(path) || CAPABILITY_PATH.test(path);
}

/** The job and the file name of a download URL. The job is null if it is unknown. */
export function fileOfUrl(state: SimulatorState, path: string, query: string): { job: ExportJob | null; name: string } {
  const [, capability, capabilityName] = CAPABILITY_PATH.exec(path) ?? [];
  const parameters = new URLSearchParams(query);
  const objectId = parameters.get("objectId");
  const job = state.jobs.all.find((one) =>
    capability === undefined ? one.objectId === objectId : one.capability === capability,
  );
  return { job: job ?? null, name: capabilityName ?? parameters.get("fileName") ?? "" };
}

/** Download request (guide: "Download the ndjson file"; Bulk Data: "Bulk Data Output File Request"). */
export function answerDownload(context: RequestContext): Reply {
  const { state, request, path, query, entry } = context;
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const { job, name } = fileOfUrl(state, path, query);
  entry.jobId = job?.id ?? null;
  entry.fileName = name;
  if (!DOWNLOAD_PATH.test(path)) return answerCapability(context, { job: job ?? undefined, fileName: name });
  const check = checkDownloadCredentials(state.tokens, request.headers, entry);
  if ("refusal" in check) return accessDenied(check.refusal);
  const parameters = new URLSearchParams(query);
  const missing = ["objectId", "resource", "fileName"].filter((parameter) => !parameters.get(parameter));
  if (missing.length > 0) return badRequest(`missing: ${missing.join(", ")}`);
  const resource = parameters.get("resource") ?? "";
  return sendFile(context, { job: job ?? undefined, fileName: name, resource, clientId: check.grant.clientId });
}

function answerCapability(context: RequestContext, target: FileTarget): Reply {
  const { authorization, xAuthToken } = context.entry;
  if (authorization.present || xAuthToken.present) {
    return badRequest("leak: an access token was sent to a capability URL (requiresAccessToken is false)");
  }
  return sendFile(context, target);
}

function sendFile({ state, request, receivedAt }: RequestContext, target: FileTarget): Reply {
  const { job, fileName, resource, clientId } = target;
  if (job === undefined) return attachmentNotFound("no job has this objectId");
  if (clientId !== undefined && job.request.clientId !== clientId) return attachmentNotFound("another client's job");
  if (job.deleted) return attachmentNotFound("the job was deleted");
  if (statusOf(job, receivedAt) !== "Complete") return attachmentNotFound("the job is not complete");
  if (job.filesExpired || receivedAt >= job.completesAt + state.settings.fileLifetimeMs) {
    return attachmentNotFound("the files have expired");
  }
  const { outcome, deleted } = filesOfJob(job, state.settings);
  const file = job.filesByName.get(fileName) ?? [...outcome, ...deleted].find((one) => one.fileName === fileName);
  if (file === undefined) return attachmentNotFound(`the job has no file ${JSON.stringify(fileName)}`);
  if (resource !== undefined && resource !== file.type) {
    return attachmentNotFound(`resource is ${JSON.stringify(resource)}, expected ${file.type}`);
  }
  job.downloads += 1;
  const accepted = state.settings.gzip === "when-accepted" && acceptsGzip(request.headers["accept-encoding"]);
  return accepted ? gzipReply(file) : plainReply(file, state, request.headers.range, request.headers["if-range"]);
}

const NDJSON = { "content-type": "application/fhir+ndjson" };

function gzipReply(file: ExportFile): Reply {
  return { status: 200, headers: { ...NDJSON, vary: "accept-encoding" }, body: file.body, gzip: true };
}

function plainReply(
  file: ExportFile,
  { settings }: SimulatorState,
  range: string | undefined,
  ifRange: string | string[] | undefined,
): Reply {
  const { body } = file;
  if (!settings.ranges) return { status: 200, headers: NDJSON, body };
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  const headers = { ...NDJSON, etag, "accept-ranges": "bytes" };
  // RFC 9110 13.1.5: if If-Range does not match, Range is ignored. There is no Last-Modified, so no date matches.
  const wanted = ifRange === undefined || ifRange === etag ? parseRange(range, body.length) : "whole";
  if (wanted === "whole") return { status: 200, headers, body };
  if (wanted === "unsatisfiable") {
    const reason = `range ${range} of ${body.length} bytes`;
    return { status: 416, headers: { "content-range": `bytes */${body.length}` }, body: Buffer.alloc(0), reason };
  }
  const { first, last } = wanted;
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${first}-${last}/${body.length}` },
    body: body.subarray(first, last + 1),
  };
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = [header ?? ""].flat().join(",").toLowerCase().split(",");
  const weights = new Map(
    codings.map((coding) => {
      const [name = "", ...parameters] = coding.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return [name, weight === undefined ? 1 : Number(weight.slice(2))] as const;
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}
