import { ccdArchive } from "#local/simulator/ccd/ccd-archive.ts";
import { attackArchive } from "#local/simulator/ccd/ccd-attacks.ts";
import { ccdDocuments } from "#local/simulator/ccd/ccd-documents.ts";
import { alreadyInProcessReply, inProgressReply } from "#local/simulator/ccd/ccd-request-endpoint.ts";
import { oddArchive } from "#local/simulator/ccd/odd-archives.ts";
import { type ServerRequest, serverRequestStatus } from "#local/simulator/ccd/server-requests.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import {
  accessDenied,
  attachmentNotFound,
  badRequest,
  emptyReply,
  portalReply,
  type Reply,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import type { NotReadyForm } from "#local/simulator/user-api-options.ts";
import { checkUserToken, isOutsideLaunch } from "#local/simulator/user-session/user-authorization.ts";

/** Guide: "API to View Patient Data in CCDA Format". */
export const CCD_DOWNLOAD_PATH = "/integra/MoBulkDownload/bulkDownload";

const NOT_READY: Readonly<Record<NotReadyForm, (request: ServerRequest) => Reply>> = {
  "in-progress": inProgressReply,
  "already-in-process": alreadyInProcessReply,
  accepted: () => emptyReply(202),
  "no-content": () => emptyReply(204),
  empty: () => emptyReply(200, { "content-type": "application/zip" }),
  "file-not-found": () => attachmentNotFound("the documents are not ready"),
  "not-found": () =>
    tomcatPage(404, "Not Found", "The requested resource is not available.", "the documents are not ready"),
};

/** Finds the server request of a download URL's `id`. */
export function serverRequestOfQuery({ serverRequests }: SimulatorState, query: string): ServerRequest | undefined {
  const id = new URLSearchParams(query).get("id");
  return serverRequests.all.find((request) => request.id === id);
}

/** Sends a request's documents in exchange for a nonce (guide: "API to View Patient Data in CCDA Format"). */
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
  const { user, session } = nonce;
  entry.userId = user.userId;
  const serverRequest = state.serverRequests.find(parameters.get("id") ?? "", user.userId);
  if (serverRequest === undefined) return attachmentNotFound("the user has no such request");
  if (isOutsideLaunch(session, serverRequest.criteria.patientId)) {
    return portalReply(403, "Forbidden", {}, "the launch chose another patient");
  }
  entry.jobId = serverRequest.id;
  return answerByStatus(context, serverRequest);
}

function answerByStatus({ state, fault, receivedAt }: RequestContext, serverRequest: ServerRequest): Reply {
  const status = serverRequestStatus(serverRequest, receivedAt);
  if (status === "Failed") return portalReply(500, "Internal Server Error", {}, "the request has failed");
  if (status !== "Complete") return NOT_READY[state.settings.ccdNotReady](serverRequest);
  if (receivedAt >= serverRequest.readyAt + state.settings.fileLifetimeMs) {
    return attachmentNotFound("the documents have expired");
  }
  serverRequest.downloads += 1;
  return sendDocuments(state, serverRequest, fault);
}

function sendDocuments(state: SimulatorState, { id, criteria }: ServerRequest, fault: Fault | null): Reply {
  const documents = ccdDocuments(state.records, criteria, state.settings);
  if (fault?.kind === "hostile-ccd") {
    return attachment("application/zip", `${id}.zip`, attackArchive(state, documents, criteria, fault));
  }
  if (fault?.kind === "odd-ccd") return attachment("application/zip", `${id}.zip`, oddArchive(documents, fault.form));
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
