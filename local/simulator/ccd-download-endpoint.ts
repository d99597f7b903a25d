import { ccdArchive } from "#local/simulator/ccd-archive.ts";
import { hostileCcds } from "#local/simulator/ccd-attacks.ts";
import { ccdDocuments } from "#local/simulator/ccd-documents.ts";
import { alreadyInProcess, inProgress } from "#local/simulator/ccd-request-endpoint.ts";
import { type CcdRequest, ccdStatusOf } from "#local/simulator/ccd-requests.ts";
import type { Fault } from "#local/simulator/fault-plan.ts";
import {
  accessDenied,
  attachmentNotFound,
  badRequest,
  emptyReply,
  portalReply,
  type Reply,
  tomcatPage,
} from "#local/simulator/http-reply.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import type { NotReadyForm } from "#local/simulator/user-api-options.ts";
import { checkUserToken } from "#local/simulator/user-authorization.ts";

/** Guide: "API to View Patient Data in CCDA Format". */
export const CCD_DOWNLOAD_PATH = "/integra/MoBulkDownload/bulkDownload";

const NOT_READY: Readonly<Record<NotReadyForm, (request: CcdRequest) => Reply>> = {
  "in-progress": inProgress,
  "already-in-process": alreadyInProcess,
  accepted: () => emptyReply(202),
  "no-content": () => emptyReply(204),
  empty: () => emptyReply(200, { "content-type": "application/zip" }),
  "file-not-found": () => attachmentNotFound("the documents are not ready"),
  "not-found": () =>
    tomcatPage(404, "Not Found", "The requested resource is not available.", "the documents are not ready"),
};

/** The request that a download URL names; undefined when there is none. */
export function ccdRequestOfQuery({ ccdRequests }: SimulatorState, query: string): CcdRequest | undefined {
  const id = new URLSearchParams(query).get("id");
  return ccdRequests.all.find((request) => request.id === id);
}

/** Download of a request's documents with a nonce (guide: "API to View Patient Data in CCDA Format"). */
export function answerCcdDownload(context: RequestContext): Reply {
  const { state, request, query, entry } = context;
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const parameters = new URLSearchParams(query);
  const missing = ["id", "nonceToken"].filter((name) => !parameters.get(name));
  if (missing.length > 0) return badRequest(`missing: ${missing.join(", ")}`);
  const token = state.settings.ccdDownloadNeedsToken ? checkUserToken(context) : null;
  if (token !== null && "refusal" in token) return accessDenied(token.refusal);
  const nonce = state.nonces.redeem(parameters.get("nonceToken") ?? "");
  if ("refusal" in nonce) return accessDenied(nonce.refusal);
  entry.userId = nonce.userId;
  const ccdRequest = state.ccdRequests.find(parameters.get("id") ?? "", nonce.userId);
  if (ccdRequest === undefined) return attachmentNotFound("the user has no such request");
  entry.jobId = ccdRequest.id;
  return answerByStatus(context, ccdRequest);
}

function answerByStatus({ state, fault }: RequestContext, ccdRequest: CcdRequest): Reply {
  const status = ccdStatusOf(ccdRequest);
  if (status === "Failed") return portalReply(500, "Internal Server Error", {}, "the request has failed");
  if (status !== "Complete") return NOT_READY[state.settings.ccdNotReady](ccdRequest);
  if (Date.now() >= ccdRequest.readyAt + state.settings.fileLifetimeMs) {
    return attachmentNotFound("the documents have expired");
  }
  ccdRequest.downloads += 1;
  return sendDocuments(state, ccdRequest, fault);
}

function sendDocuments(state: SimulatorState, { id, order }: CcdRequest, fault: Fault | null): Reply {
  const documents = ccdDocuments(state.records, order, state.settings);
  if (fault?.kind === "hostile-ccd") {
    return attachment("application/zip", `${id}.zip`, hostileCcds(state, documents, order, fault));
  }
  const [only] = documents;
  if (state.settings.ccdContainer === "xml-when-single" && only !== undefined && documents.length === 1) {
    return attachment("text/xml;charset=UTF-8", only.fileName, Buffer.from(only.xml));
  }
  return attachment("application/zip", `${id}.zip`, ccdArchive(documents, state.settings));
}

function attachment(contentType: string, fileName: string, body: Buffer): Reply {
  const headers = { "content-type": contentType, "content-disposition": `attachment; filename="${fileName}"` };
  return { status: 200, headers, body };
}
