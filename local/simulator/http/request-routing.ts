import type { IncomingMessage, ServerResponse } from "node:http";
import { ADMIN_PREFIX, answerAdmin } from "#local/simulator/admin-endpoint.ts";
import { answerDownload, fileOfUrl, isDownloadPath } from "#local/simulator/bulk-export/download-endpoint.ts";
import { statusOf } from "#local/simulator/bulk-export/export-jobs.ts";
import { answerKickOff, exportOfPath } from "#local/simulator/bulk-export/kick-off-endpoint.ts";
import { answerDelete, answerStatus, jobIdOfPath } from "#local/simulator/bulk-export/status-endpoint.ts";
import {
  answerCcdDownload,
  CCD_DOWNLOAD_PATH,
  serverRequestOfQuery,
} from "#local/simulator/ccd/ccd-download-endpoint.ts";
import { answerCcdRequest, CCD_REQUEST_PATH } from "#local/simulator/ccd/ccd-request-endpoint.ts";
import { answerNonceRequest, NONCE_PATH } from "#local/simulator/ccd/nonce-endpoint.ts";
import { serverRequestStatus } from "#local/simulator/ccd/server-requests.ts";
import type { FaultTarget, FaultyEndpoint } from "#local/simulator/faults/fault-plan.ts";
import { applyFault, isApplicable, replyOfFault } from "#local/simulator/faults/fault-replies.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { answerMetadata, METADATA_PATH } from "#local/simulator/fhir/metadata-endpoint.ts";
import { answerPatientSearch, isPatientSearchPath } from "#local/simulator/fhir/patient-search-endpoint.ts";
import { answerResource, isResourcePath } from "#local/simulator/fhir/resource-endpoint.ts";
import { type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { deliver } from "#local/simulator/http/reply-delivery.ts";
import { type EndpointName, logEntryOf, targetOf } from "#local/simulator/http/request-log.ts";
import { isTraceIntact } from "#local/simulator/http/traced-url.ts";
import { answerTokenRequest } from "#local/simulator/oauth/token-endpoint.ts";
import { fillInWords } from "#local/simulator/secrets-seen.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import { answerAuthorization } from "#local/simulator/smart/authorization-endpoint.ts";
import {
  answerKeys,
  answerOpenidConfiguration,
  answerSmartConfiguration,
} from "#local/simulator/smart/discovery-endpoints.ts";
import { answerEhr, answerEhrLaunch, EHR_LAUNCH_PATH, EHR_PATH } from "#local/simulator/smart/ehr-endpoints.ts";
import { answerRevocation } from "#local/simulator/smart/revocation-endpoint.ts";
import { answerConsent, answerPatientChoice, answerSignIn } from "#local/simulator/smart/sign-in-steps.ts";
import {
  AUTHORIZATION_PATH,
  CONSENT_PATH,
  KEYS_PATH,
  OPENID_CONFIGURATION_PATH,
  PATIENT_CHOICE_PATH,
  REVOCATION_PATH,
  SIGN_IN_PATH,
  SMART_CONFIGURATION_PATH,
} from "#local/simulator/smart/smart-endpoints.ts";
import { answerUserTokenRequest, USER_TOKEN_PATH } from "#local/simulator/user-session/user-token-endpoint.ts";

const MAX_BODY_BYTES = 1_000_000;

const ANSWERS: Readonly<Record<EndpointName, (context: RequestContext) => Reply | Promise<Reply>>> = {
  token: answerTokenRequest,
  "kick-off": answerKickOff,
  status: answerStatus,
  delete: answerDelete,
  download: answerDownload,
  "user-token": answerUserTokenRequest,
  metadata: answerMetadata,
  "patient-search": answerPatientSearch,
  resource: answerResource,
  "ccd-request": answerCcdRequest,
  nonce: answerNonceRequest,
  "ccd-download": answerCcdDownload,
  "smart-configuration": answerSmartConfiguration,
  "openid-configuration": answerOpenidConfiguration,
  jwks: answerKeys,
  authorize: answerAuthorization,
  "sign-in": answerSignIn,
  "patient-choice": answerPatientChoice,
  consent: answerConsent,
  revocation: answerRevocation,
  ehr: answerEhr,
  "ehr-launch": answerEhrLaunch,
  other: () => tomcatPage(404, "Not Found", "The requested resource is not available.", "no such endpoint"),
};

/** Answers one request completely, and logs it. */
export async function handleRequest(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path, query } = targetOf(request);
  if (path.startsWith(ADMIN_PREFIX)) {
    const entry = logEntryOf(request, "other");
    const body = await readBody(request);
    const context = { state, request, path, query, body, receivedAt: Date.now(), entry, fault: null };
    await deliver(response, answerAdmin(context), null, state.settings);
    return;
  }
  const endpoint = endpointOf(request.method ?? "", path);
  const entry = logEntryOf(request, endpoint);
  state.log.push(entry);
  const body = await readBody(request);
  await state.held.pass(endpoint);
  const received = { state, request, path, query, body, receivedAt: Date.now(), entry };
  const planned = endpoint === "other" ? null : state.faults.next(faultTargetOf(received, endpoint));
  const context: RequestContext = { ...received, fault: planned };
  const skipsEndpoint = planned?.kind === "cut" && planned.effect === false;
  const replacement =
    planned === null ? null : replyOfFault(fillInWords(planned, request, context.body), state.settings);
  const reply = skipsEndpoint ? emptyAnswer : (replacement ?? (await answer(context)));
  const fault: Fault | null = planned !== null && isApplicable(planned, reply) ? planned : null;
  entry.fault = fault?.kind ?? null;
  entry.reason = reply.reason ?? null;
  if (skipsEndpoint) {
    response.destroy();
    return;
  }
  const delivered = fault === null ? reply : applyFault(reply, fault);
  // Set before the answer is sent, because a test may read the log as soon as it has the answer.
  entry.status = fault?.kind === "cut" && fault.afterBytes === undefined ? null : reply.status;
  await deliver(response, delivered, fault, state.settings);
}

const FIXED_PATHS: ReadonlyMap<string, EndpointName> = new Map<string, EndpointName>([
  [USER_TOKEN_PATH, "user-token"],
  [METADATA_PATH, "metadata"],
  [CCD_REQUEST_PATH, "ccd-request"],
  [NONCE_PATH, "nonce"],
  [CCD_DOWNLOAD_PATH, "ccd-download"],
  [SMART_CONFIGURATION_PATH, "smart-configuration"],
  [OPENID_CONFIGURATION_PATH, "openid-configuration"],
  [KEYS_PATH, "jwks"],
  [AUTHORIZATION_PATH, "authorize"],
  [SIGN_IN_PATH, "sign-in"],
  [PATIENT_CHOICE_PATH, "patient-choice"],
  [CONSENT_PATH, "consent"],
  [REVOCATION_PATH, "revocation"],
  [EHR_PATH, "ehr"],
  [EHR_LAUNCH_PATH, "ehr-launch"],
]);

const emptyAnswer: Reply = { status: 500, headers: {}, body: Buffer.alloc(0) };

function endpointOf(method: string, path: string): EndpointName {
  if (path === "/integra/fhir/oauth2/token") return "token";
  const fixed = FIXED_PATHS.get(path);
  if (fixed !== undefined) return fixed;
  if (isPatientSearchPath(path)) return "patient-search";
  if (isResourcePath(path)) return "resource";
  if (exportOfPath(path) !== null) return "kick-off";
  if (isDownloadPath(path)) return "download";
  if (jobIdOfPath(path) === null) return "other";
  if (method === "GET") return "status";
  return method === "DELETE" ? "delete" : "other";
}

function answer(context: RequestContext): Reply | Promise<Reply> {
  // Guide, "Download the ndjson file": a pipe in a URL must be encoded.
  if (/[|\\^`{}<>"]/.test(context.request.url ?? "")) {
    return tomcatPage(400, "Bad Request", "Invalid character in the request target.", "unencoded character in the URL");
  }
  if (!isTraceIntact(context.query)) {
    return tomcatPage(
      400,
      "Bad Request",
      "The parameter trace is wrong.",
      "the parameter trace was decoded or encoded wrongly",
    );
  }
  return ANSWERS[context.entry.endpoint](context);
}

/** Keys have the number of a job: its id is random, and the same seed must give the same faults. */
function faultTargetOf(
  { state, request, path, query, receivedAt }: Omit<RequestContext, "fault">,
  endpoint: FaultyEndpoint,
): FaultTarget {
  const named = { endpoint, method: request.method ?? "", path, query, fileName: null, contentReady: true };
  if (endpoint === "ccd-download") {
    const serverRequest = serverRequestOfQuery(state, query);
    const contentReady = serverRequest !== undefined && serverRequestStatus(serverRequest, receivedAt) === "Complete";
    return { ...named, key: String(serverRequest?.number ?? 0), contentReady };
  }
  if (endpoint === "resource") return { ...named, key: `${path}?${query.replace(/_getpages=[^&]*/, "")}` };
  if (endpoint === "download") {
    const { job, name } = fileOfUrl(state, path, query);
    return { ...named, key: `${job?.number ?? 0}/${name}`, fileName: name };
  }
  const jobId = jobIdOfPath(path);
  const job = state.jobs.all.find(({ id }) => id === jobId);
  const contentReady = endpoint !== "status" || (job !== undefined && statusOf(job, receivedAt) === "Complete");
  return { ...named, key: job === undefined ? path : String(job.number), contentReady };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new RangeError(`the body of the request exceeds ${MAX_BODY_BYTES} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
