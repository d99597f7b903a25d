import type { BulkExports, ExportFile } from "#bulk-export/entry.ts";
import { requestedExportOf } from "#bulk-export/language/export-origin.ts";
import { type ExportProgress, hasEnded } from "#bulk-export/language/export-progress.ts";
import type { ExportRequestDetail, Trigger } from "#bulk-export/language/export-request.ts";
import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import type { RequestIds } from "#on-demand-api/gateway/request-ids.ts";
import { ApiProblem, notFound } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import type { ExportView } from "#on-demand-api/language/export-messages.ts";
import { type ExportCallers, type ExportRight, requireRight, rightsOf } from "#on-demand-api/language/export-rights.ts";
import { jsonAnswer } from "#on-demand-api/language/json-answer.ts";
import { readNumberAfter } from "#on-demand-api/language/list-places.ts";
import { keyInUse } from "#on-demand-api/language/posted-body.ts";
import { fileViewOf, readNumber } from "./export-files.ts";
import { listExports } from "./export-list.ts";
import { readExportPost } from "./export-post.ts";
import { exportViewOf, resumptionObstacle } from "./export-view.ts";

export interface ExportsApiPorts extends BulkExports {
  /** The setting `api.exports`. */
  callers: ExportCallers;
  /** `gateway/request-ids.ts` */
  ids: RequestIds;
  /** The URL of the API, without a slash at its end. */
  apiUrl: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A call by a caller whose rights are known. */
interface ExportCall {
  request: ApiRequest;
  rights: ReadonlySet<ExportRight>;
}

const filesOfPage = 100;

/**
 * Serves the routes below /exports: requests exports, shows them and their files, cancels and resumes them. Whoever has one of the rights
 * sees every export, whoever requested it.
 * @throws ApiProblem if the caller may not make a call, a call is wrong, or its export does not exist
 */
export const serveExports =
  (ports: ExportsApiPorts): ApiHandler =>
  async (request) => {
    const call = { request, rights: rightsOf(request.caller, ports.callers) };
    // API Gateway passes on only the routes that it has.
    switch (request.route as ClosedRouteKey) {
      case "POST /exports":
        return await requestExport(ports, call);
      case "GET /exports":
        return await listAll(ports, call);
      case "GET /exports/{id}":
        return jsonAnswer(200, await viewOf(ports, call, await find(ports, call, "see")));
      case "GET /exports/{id}/files":
        return await listFiles(ports, call);
      case "GET /exports/{id}/files/{number}":
        return await openFile(ports, call);
      case "GET /exports/{id}/files/{number}/preview":
        return jsonAnswer(200, await ports.files.preview(await findLanded(ports, call)));
      case "POST /exports/{id}/cancel":
        return await cancelExport(ports, call);
      case "POST /exports/{id}/resume":
        return await resumeExport(ports, call);
      default:
        throw notFound("There is no such route");
    }
  };

async function requestExport(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  const { request, rights } = call;
  requireRight(rights, "ask");
  const { exportId, body, bodyDigest } = await readExportPost(request, ports);
  const { caller } = request;
  const progress = await ports.progress.create({
    exportId,
    trigger: { kind: "api", by: caller },
    request: requestedExportOf(body),
    call: { caller, bodyDigest },
    requestedAt: new Date(ports.now()).toISOString(),
  });
  if (progress.call?.bodyDigest !== bodyDigest || progress.call.caller !== caller) throw keyInUse();
  if (progress.state === "requested" && progress.run === "first")
    await startExecution(ports, exportId, body, triggerOf(request));
  return await accepted(ports, call, progress);
}

async function startExecution(
  ports: ExportsApiPorts,
  exportId: string,
  ...input: [detail: ExportRequestDetail, trigger: Trigger]
): Promise<void> {
  try {
    await ports.start(exportId, ...input);
  } catch (cause) {
    const detail = "The export was not started. Send the request again, with the same Idempotency-Key if it has one.";
    const options = { issue: "transient" as const, detail, retryAfterMs: 2_000, cause };
    throw new ApiProblem("The export could not be started", { status: 503, ...options });
  }
}

async function listAll(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  requireRight(call.rights, "see");
  const { exports, next } = await listExports(ports, call.request.queryString);
  const views = await Promise.all(exports.map((progress) => viewOf(ports, call, progress)));
  return jsonAnswer(200, { exports: views, ...(next !== undefined && { next: `${ports.apiUrl}/exports?${next}` }) });
}

async function listFiles(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  const progress = await find(ports, call, "read");
  const { files, more } = await ports.files.page(
    progress,
    readNumberAfter(call.request.queryString, "file"),
    filesOfPage,
  );
  const views = files.map(fileViewOf);
  const next = `${selfOf(ports, progress)}/files?after=${views.at(-1)?.number}`;
  return jsonAnswer(200, { files: views, ...(more && { next }) });
}

async function openFile(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  const location = await ports.files.link((await findLanded(ports, call)).key);
  return { status: 303, headers: { location }, body: Buffer.alloc(0) };
}

/** @throws ApiProblem (404) with the reason, if the file has not landed */
async function findLanded(ports: ExportsApiPorts, call: ExportCall): Promise<ExportFile> {
  const progress = await find(ports, call, "read");
  const index = readNumber(call.request.path["number"] ?? "") - 1;
  const [file] = (await ports.files.page(progress, index, 1)).files;
  if (file?.index !== index) throw notFound("The export has no file with this number");
  if (file.state === "landed") return file;
  const detail =
    file.state === "pending" ? "It was not downloaded yet. Try again later." : `It is missing: ${file.reason}.`;
  throw new ApiProblem("The file has not landed", { status: 404, issue: "not-found", detail });
}

async function cancelExport(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  const progress = await find(ports, call, "cancel");
  const { exportId, state } = progress;
  if (hasEnded(progress)) throw conflict("The export cannot be cancelled", `It has ended already: ${state}.`);
  const { stopped } = await ports.stop(exportId, `cancelled by call ${call.request.callId} of the API`);
  const newest = (await ports.progress.find(exportId)) ?? progress;
  if (stopped.length === 0)
    throw conflict("The export cannot be cancelled", "It is not running at this moment. Read it, and try again.");
  const stopRequestedAt = new Date(ports.now()).toISOString();
  await ports.progress.requestStop(exportId, stopRequestedAt);
  return await accepted(ports, call, { ...newest, stopRequestedAt });
}

async function resumeExport(ports: ExportsApiPorts, call: ExportCall): Promise<ApiResponse> {
  const progress = await find(ports, call, "ask");
  const { exportId, trigger, request, requestedAt } = progress;
  const { progress: counts } = await viewOf(ports, call, progress);
  const obstacle = resumptionObstacle(progress, counts);
  if (obstacle !== undefined) throw conflict("The export cannot be resumed", obstacle);
  const { execution } = await ports.resume(exportId, triggerOf(call.request));
  const run = execution.slice(exportId.length + 1);
  await ports.progress.beginRun({ exportId, run }, { trigger, request, requestedAt, startedAt: null });
  return await accepted(ports, call, (await ports.progress.find(exportId)) ?? progress);
}

const triggerOf = ({ caller, callId }: ApiRequest): Trigger => ({ kind: "api", id: callId, caller });

async function find(ports: ExportsApiPorts, call: ExportCall, right: ExportRight | "see"): Promise<ExportProgress> {
  requireRight(call.rights, right);
  const progress = await ports.progress.find(call.request.path["id"] ?? "");
  if (progress === undefined) throw notFound("There is no such export");
  return progress;
}

const nothing = { filesLanded: 0, filesMissing: 0, lines: 0, bytes: 0 };

async function viewOf(ports: ExportsApiPorts, { rights }: ExportCall, progress: ExportProgress): Promise<ExportView> {
  const { exportId, filesPlanned, result } = progress;
  const isCounted = filesPlanned !== null && result === null;
  const landed = isCounted ? await ports.landedSoFar(exportId, filesPlanned) : nothing;
  return exportViewOf(progress, landed, rights, ports.now());
}

async function accepted(ports: ExportsApiPorts, call: ExportCall, progress: ExportProgress): Promise<ApiResponse> {
  const { exportId } = progress;
  return { ...jsonAnswer(202, await viewOf(ports, call, progress), { location: selfOf(ports, progress) }), exportId };
}

const selfOf = ({ apiUrl }: ExportsApiPorts, { exportId }: Pick<ExportProgress, "exportId">): string =>
  `${apiUrl}/exports/${exportId}`;

const conflict = (title: string, detail: string): ApiProblem =>
  new ApiProblem(title, { status: 409, issue: "invalid", detail });
