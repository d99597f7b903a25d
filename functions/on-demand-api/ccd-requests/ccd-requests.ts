import type { CcdRetrieval } from "#ccd-retrieval/entry.ts";
import type { CcdDocument, CcdOrder, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiAnswer } from "#on-demand-api/gateway/api-answer.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import type { CcdPatient, CcdRequestAnswer } from "#on-demand-api/language/ccd-request-messages.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import type { PatientMatch } from "#on-demand-api/server/patient-search.ts";
import { type Order, orderOf, waitOf } from "./order.ts";
import type { RepeatableId } from "./request-ids.ts";

export interface CcdRequestsPorts extends CcdRetrieval {
  matchPatient(parameters: PatientSearchParameters, signal: AbortSignal): Promise<PatientMatch>;
  /** `request-ids.ts` */
  repeatableId: RepeatableId;
  /** The session that requests are made under. */
  sessionId: string;
  /** Whether callers see the requests of others. */
  shared: boolean;
  /** Where callers reach the API, without a slash at its end. */
  apiUrl: string;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** With the time to match a patient before, and to answer after, it stays below API Gateway's 30 s. */
const longestWaitMs = 20_000;
const watchMs = 500;
const retryAfterSeconds = 2;

/**
 * Requests for a patient's CCDs: asked for, looked at, and their documents. Whoever did not make a request does not learn
 * that it is there.
 * @throws ApiProblem; what the search for a patient throws
 */
export const ccdRequests =
  (ports: CcdRequestsPorts): ApiHandler =>
  async (request, { signal }) => {
    // API Gateway knows no other route of ours.
    switch (request.route as ClosedRouteKey) {
      case "POST /ccd-requests":
        return await asked(ports, request, signal);
      case "GET /ccd-requests/{id}":
        return await shown(ports, await ownRequest(ports, request), 200);
      case "GET /ccd-requests/{id}/documents/{number}":
        return await linked(ports, await ownRequest(ports, request), request.path["number"] ?? "");
      default:
        throw notThere("There is no such route");
    }
  };

async function asked(ports: CcdRequestsPorts, request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
  const until = ports.now() + waitOf(request, longestWaitMs);
  const order = await orderOf(request, ports.repeatableId);
  const record = await kept(ports, request.caller, order, signal);
  if (record.bodyDigest !== order.bodyDigest) {
    const detail = "This Idempotency-Key came with another body before: send the same, or take another key.";
    throw new ApiProblem("The Idempotency-Key is taken", { status: 422, issue: "invalid", detail });
  }
  if (record.state === "pending") await begun(ports, record.requestId);
  const ended = await watched(ports, record, until, signal);
  return await shown(ports, ended, ended.state === "pending" ? 202 : 200);
}

/**
 * Starts the request's execution; one that runs, or ran, stays as it is. Where it cannot be started, the caller's next POST
 * under the same Idempotency-Key does so; a record that has no key, and so no caller who knows of it, expires.
 */
async function begun({ executions }: CcdRequestsPorts, requestId: string): Promise<void> {
  try {
    await executions.start(requestId, { requestId });
  } catch (cause) {
    const detail =
      "Nothing was asked of IntegraConnect. Send the request again, with the same Idempotency-Key if it has one.";
    throw new ApiProblem("The request could not be begun", {
      status: 503,
      issue: "transient",
      detail,
      retryAfterMs: retryAfterSeconds * 1000,
      cause,
    });
  }
}

/** The request's record: the one that is there, where the POST was sent again. */
async function kept(
  ports: CcdRequestsPorts,
  caller: string,
  order: Order,
  signal: AbortSignal,
): Promise<CcdRequestRecord> {
  const { requestId, repeatable, body, bodyDigest } = order;
  const known = repeatable ? await ports.requests.find(requestId) : undefined;
  if (known !== undefined) return known;
  const { patientId, patient, startDate = null, endDate = null } = body;
  const wanted: CcdOrder = { patientId: patientId ?? (await matched(ports, patient, signal)), startDate, endDate };
  return await ports.requests.create({
    requestId,
    caller,
    sessionId: ports.sessionId,
    bodyDigest,
    order: wanted,
    requestedAt: new Date(ports.now()).toISOString(),
    state: "pending",
    serverRequestId: null,
    failure: null,
    endedAt: null,
  });
}

async function matched(ports: CcdRequestsPorts, patient: CcdPatient | undefined, signal: AbortSignal): Promise<string> {
  const { birthDate: birthdate, ...others } = patient ?? {};
  const found = await ports.matchPatient({ ...others, birthdate }, signal);
  if (found.match === "one") return found.patientId;
  throw notOne(found);
}

function notOne(found: Exclude<PatientMatch, { match: "one" }>): ApiProblem {
  if (found.match === "none") return notThere("No patient matches");
  if (found.match === "many")
    return new ApiProblem("More than one patient matches", {
      status: 409,
      issue: "invalid",
      detail: `Ask by one of their ids (${found.complete ? "these are all" : "there are more"}), or more precisely.`,
      members: { candidates: found.patientIds },
    });
  const detail = "IntegraConnect's search left a parameter out of account: what it found names nobody.";
  return new ApiProblem("No patient was told for certain", { status: 502, issue: "exception", detail });
}

/** The record once it has an end, or as it is when the time is up. */
async function watched(
  { requests, now, sleep }: CcdRequestsPorts,
  first: CcdRequestRecord,
  until: number,
  signal: AbortSignal,
): Promise<CcdRequestRecord> {
  let record = first;
  while (record.state === "pending" && now() + watchMs <= until && !signal.aborted) {
    await sleep(watchMs);
    record = (await requests.find(record.requestId)) ?? record;
  }
  return record;
}

async function ownRequest(
  { requests, shared }: CcdRequestsPorts,
  { caller, path }: ApiRequest,
): Promise<CcdRequestRecord> {
  const record = await requests.find(path["id"] ?? "");
  if (record !== undefined && (shared || record.caller === caller)) return record;
  throw notThere("There is no such request");
}

async function shown(ports: CcdRequestsPorts, record: CcdRequestRecord, status: number): Promise<ApiAnswer> {
  const { requestId, state, requestedAt, endedAt, failure } = record;
  const self = `${ports.apiUrl}/ccd-requests/${requestId}`;
  const { documents = [], refused = [] } = state === "ready" ? await ports.documents.index(requestId) : {};
  const answer: CcdRequestAnswer = {
    requestId,
    state,
    requestedAt,
    endedAt,
    failure,
    documents: documents.map((document) => shownDocument(document, `${self}/documents/${document.number}`)),
    refused,
  };
  return {
    status,
    headers: {
      "content-type": "application/json",
      location: self,
      ...(state === "pending" && { "retry-after": String(retryAfterSeconds) }),
    },
    body: Buffer.from(JSON.stringify(answer)),
    ccdRequestId: requestId,
  };
}

/** A document without its place in the bucket, and with its place in the API. */
function shownDocument(landed: CcdDocument, href: string): CcdRequestAnswer["documents"][number] {
  const { key: _, ...document } = landed;
  return { ...document, href };
}

async function linked(
  { documents }: CcdRequestsPorts,
  { requestId, state }: CcdRequestRecord,
  number: string,
): Promise<ApiAnswer> {
  const landed = state === "ready" ? (await documents.index(requestId)).documents : [];
  const document = landed.find((one) => String(one.number) === number);
  if (document === undefined) throw notThere("There is no such document, or not yet");
  return { status: 303, headers: { location: await documents.link(document.key) }, body: Buffer.alloc(0) };
}

const notThere = (title: string): ApiProblem =>
  new ApiProblem(title, { status: 404, issue: "not-found", detail: `${title}.` });
