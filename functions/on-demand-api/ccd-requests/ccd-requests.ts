import type { CcdRetrieval } from "#ccd-retrieval/entry.ts";
import { type CcdOrder, type CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { ccdRequestPlace } from "#ccd-retrieval/language/ccd-request-id.ts";
import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import type { RequestIds } from "#on-demand-api/gateway/request-ids.ts";
import { ApiProblem, notFound } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import type { CcdPatient } from "#on-demand-api/language/ccd-request-messages.ts";
import { jsonAnswer } from "#on-demand-api/language/json-answer.ts";
import { otherPatient } from "#on-demand-api/language/link-problems.ts";
import { afterParameter, readNumberAfter, readPlace } from "#on-demand-api/language/list-places.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { keyInUse } from "#on-demand-api/language/posted-body.ts";
import { visibleTo } from "#on-demand-api/language/visible-ccd-request.ts";
import type { CallerSession, FindSession } from "#on-demand-api/server/caller-session.ts";
import type { PatientMatch } from "#on-demand-api/server/patient-search.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { linkIdOf } from "#user-session/language/link-id.ts";
import { listView } from "./ccd-request-list.ts";
import { type CcdRequestPost, preferredWaitMs, readPost } from "./ccd-request-post.ts";
import { requestView } from "./ccd-request-view.ts";

export interface CcdRequestsApiPorts extends CcdRetrieval {
  /** `caller-session.ts` */
  findSession: FindSession;
  matchPatient(client: UserClient, parameters: PatientSearchParameters, signal: AbortSignal): Promise<PatientMatch>;
  /** `gateway/request-ids.ts` */
  ids: RequestIds;
  /** Whether callers see the requests of other callers. */
  shared: boolean;
  /** The URL of the API, without a slash at its end. */
  apiUrl: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** Together with the patient search before and the response after, this stays below API Gateway's limit of 30 s. */
const longestWaitMs = 20_000;
const pollMs = 500;
/** Each is read by itself. */
const requestsOfPage = 25;
const retryAfterSeconds = 2;
/** The ids that the answer to an ambiguous search lists. Only ids in FHIR's form are listed: no other id can be sent. */
const mostCandidates = 100;

/**
 * Serves the routes below /ccd-requests: creates CCD requests and shows them. The request of
 * another caller looks like one that does not exist, unless the stage shares requests.
 * @throws ApiProblem if a call is wrong, or if its request does not exist; and the errors of `matchPatient`
 */
export const serveCcdRequests =
  (ports: CcdRequestsApiPorts): ApiHandler =>
  async (request, { signal }) => {
    // API Gateway passes on only the routes that it has.
    switch (request.route as ClosedRouteKey) {
      case "POST /ccd-requests":
        return await createRequest(ports, request, signal);
      case "GET /ccd-requests":
        return await listRequests(ports, request);
      case "GET /ccd-requests/{id}":
        return await showRequest(
          ports,
          await findVisibleRequest(ports, request),
          200,
          readNumberAfter(request.queryString, "document"),
        );
      default:
        throw notFound("There is no such route");
    }
  };

async function createRequest(
  ports: CcdRequestsApiPorts,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const waitUntil = ports.now() + preferredWaitMs(request, longestWaitMs);
  const post = await readPost(request, ports.ids);
  const record = await findOrStoreRecord(ports, request.caller, post, signal);
  if (record.bodyDigest !== post.bodyDigest) throw keyInUse();
  if (record.state === "pending") await startExecution(ports, record.requestId);
  const newest = await waitForEnd(ports, record, waitUntil, signal);
  return await showRequest(ports, newest, newest.state === "pending" ? 202 : 200);
}

/**
 * Starts the execution of a request. If one runs already, or has ended, it stays as it is. If the start fails, the record
 * stays pending: a repeated POST with the same Idempotency-Key starts it then. A record without a key expires; its caller
 * never learns its id.
 */
async function startExecution({ executions }: CcdRequestsApiPorts, requestId: string): Promise<void> {
  try {
    await executions.start(requestId, { requestId });
  } catch (cause) {
    const detail =
      "IntegraConnect was not asked for documents. Send the request again, with the same Idempotency-Key if it has one.";
    throw new ApiProblem("The CCD request could not be started", {
      status: 503,
      issue: "transient",
      detail,
      retryAfterMs: retryAfterSeconds * 1000,
      cause,
    });
  }
}

/** The record of a request: the existing one if the POST is a repetition, otherwise a new one. */
async function findOrStoreRecord(
  ports: CcdRequestsApiPorts,
  caller: string,
  post: CcdRequestPost,
  signal: AbortSignal,
): Promise<CcdRequestRecord> {
  const { requestId, repeatable, body, bodyDigest } = post;
  const existing = repeatable ? await ports.requests.find(requestId) : undefined;
  if (existing !== undefined) return existing;
  const { patient, startDate = null, endDate = null } = body;
  const session = await ports.findSession(caller, post.linkId);
  requireOwnPatient(session, body.patientId);
  const patientId = body.patientId ?? (await findPatientId(ports, session, patient, signal));
  requireOwnPatient(session, patientId);
  const order: CcdOrder = { patientId, startDate, endDate };
  return await ports.requests.create({
    requestId,
    caller,
    sessionId: session.sessionId,
    bodyDigest,
    order,
    requestedAt: new Date(ports.now()).toISOString(),
    state: "pending",
    serverRequestId: null,
    failure: null,
    endedAt: null,
  });
}

/** @throws ApiProblem (403) if the session serves another patient only */
function requireOwnPatient({ patient }: CallerSession, patientId: string | undefined): void {
  if (patient === null || patientId === undefined || patient === patientId) return;
  throw otherPatient("The link serves one patient only, and this is another one. GET /links/{id} names the patient.");
}

async function findPatientId(
  ports: CcdRequestsApiPorts,
  { client, patient: only }: CallerSession,
  patient: CcdPatient | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { birthDate: birthdate, ...others } = patient ?? {};
  const found = await ports.matchPatient(client, { ...others, birthdate }, signal);
  if (found.match === "one") return found.patientId;
  // The candidates of a search are other patients.
  if (only !== null && found.match === "many")
    throw otherPatient("The search matches several patients, and the link serves one only. Send its patientId.");
  throw patientProblem(found);
}

function patientProblem(found: Exclude<PatientMatch, { match: "one" }>): ApiProblem {
  if (found.match === "none") return notFound("No patient matches");
  if (found.match === "many") {
    const candidates = found.patientIds.filter((id) => fhirId.safeParse(id).success).slice(0, mostCandidates);
    const complete = found.complete && candidates.length === found.patientIds.length;
    return new ApiProblem("More than one patient matches", {
      status: 409,
      issue: "invalid",
      detail: `Send one of the patients' ids (${complete ? "these are all" : "there are more"}), or search more precisely.`,
      members: { candidates },
    });
  }
  const detail = "IntegraConnect ignored a search parameter, so its result does not identify the patient.";
  return new ApiProblem("The patient could not be identified", { status: 502, issue: "exception", detail });
}

/** Polls the record until the request has ended or the time is up. Returns the newest record. */
async function waitForEnd(
  { requests, now, sleep }: CcdRequestsApiPorts,
  first: CcdRequestRecord,
  waitUntil: number,
  signal: AbortSignal,
): Promise<CcdRequestRecord> {
  let record = first;
  while (record.state === "pending" && now() + pollMs <= waitUntil && !signal.aborted) {
    await sleep(pollMs);
    record = (await requests.find(record.requestId)) ?? record;
  }
  return record;
}

async function listRequests(
  { requests, apiUrl }: CcdRequestsApiPorts,
  { caller, queryString }: ApiRequest,
): Promise<ApiResponse> {
  const after = readPlace(new URLSearchParams(queryString).get(afterParameter), ccdRequestPlace);
  const page = await requests.list(caller, { limit: requestsOfPage, after });
  const content = listView(page.requests, page.next, `${apiUrl}/ccd-requests`);
  return jsonAnswer(200, content);
}

async function findVisibleRequest(
  { requests, shared }: CcdRequestsApiPorts,
  { caller, path }: ApiRequest,
): Promise<CcdRequestRecord> {
  return visibleTo(caller, await requests.find(path["id"] ?? ""), shared);
}

async function showRequest(
  ports: CcdRequestsApiPorts,
  record: CcdRequestRecord,
  status: number,
  after = 0,
): Promise<ApiResponse> {
  const { requestId, state } = record;
  const self = `${ports.apiUrl}/ccd-requests/${requestId}`;
  const landed = state === "ready" ? await ports.documents.index(requestId) : undefined;
  const headers = { location: self, ...(state === "pending" && { "retry-after": String(retryAfterSeconds) }) };
  const view = requestView(record, landed, self, after);
  return { ...jsonAnswer(status, view, headers), ccdRequestId: requestId, ...linkOf(record) };
}

/** The link under which a request was made, for the record of the call. */
function linkOf({ sessionId }: CcdRequestRecord): Pick<ApiResponse, "linkId"> {
  const linkId = linkIdOf(sessionId);
  return linkId === undefined ? {} : { linkId };
}
