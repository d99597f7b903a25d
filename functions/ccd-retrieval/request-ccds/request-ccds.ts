import { CcdRequestRefused } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdOrder, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { RequestCcdsInput, ServerRequestResult } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { ServerRequestAnswer } from "#ccd-retrieval/server/create-server-request.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { isOver } from "#platform/executions/is-over.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import {
  type Elapsed,
  elapsedOf,
  mayRetry,
  nextTry,
  pollIntervalMs,
  retryIntervalMs,
  turnIntervalMs,
} from "#platform/pacing/pacing.ts";
import { type KnownPatientPorts, storeKnownPatient } from "./store-known-patient.ts";

export interface RequestCcdsPorts extends KnownPatientPorts {
  createServerRequest(sessionId: string, order: CcdOrder, signal: AbortSignal): Promise<ServerRequestAnswer>;
  requests: Pick<CcdRequests, "find" | "storePatient" | "accept" | "ownerOf">;
  leases: Pick<Leases, "isHeldBy">;
  executions: Pick<Executions, "find">;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What came of an attempt that got a usable answer. */
type UsableResult = Pick<ServerRequestResult, "fetchFor"> & {
  outcome: Exclude<ServerRequestResult["outcome"], "busy">;
};

const logCodes: Record<UsableResult["outcome"], CcdLogCode> = {
  accepted: "SERVER_REQUEST_ACCEPTED",
  unfinished: "UNFINISHED_CCD_REQUEST_FOUND",
  foreign: "SERVER_REQUEST_BLOCKED",
};

/**
 * Makes one attempt to have IntegraConnect prepare the patient's CCDs. Before the first attempt the step reads the server's
 * Patient, by which the documents will be judged.
 *
 * While the server works on another request of the same user, it answers with the id of that request. An id that belongs to
 * another request is never used to download. The bridge looks it up: if it is one of ours whose execution has ended, it is
 * finished first, for its own patient. The bridge waits for any other to finish. That includes a server request that we
 * made and whose answer was lost: nothing proves that it is ours.
 *
 * Source: guide, "Kick-off Request", "Response Payload" and "Error Response Payload".
 * @throws CcdRequestRefused, AccessRefused, SessionDead, SessionSecretUnusable, OriginRefused
 * @throws ServerUnavailable after too many attempts in a row without a usable answer
 */
export const requestCcds =
  (ports: RequestCcdsPorts): Step<RequestCcdsInput, ServerRequestResult> =>
  async ({ request, order: previous }, { signal }) => {
    const tries = (previous?.tries ?? 0) + 1;
    const elapsed = elapsedOf(request, ports.now());
    const record = await findOwnRecord(ports, request);
    try {
      const result = await requestFromServer(ports, record, previous?.troubles ?? 0, signal);
      const wait = waitMs(result.outcome, tries, elapsed);
      ports.log.info(logCodes[result.outcome], { ...result, attempt: tries });
      return { ...result, ...nextTry(ports.now(), wait), tries, troubles: 0 };
    } catch (fault) {
      const failures = (previous?.troubles ?? 0) + 1;
      if (!(fault instanceof ServerUnavailable) || !mayRetry(failures, fault)) throw fault;
      ports.log.warn("SERVER_REQUEST_FAILED", { attempt: tries, failuresInARow: failures, reason: fault.message });
      const wait = retryIntervalMs(failures, fault.retryAfterMs, elapsed);
      return { outcome: "busy", fetchFor: null, ...nextTry(ports.now(), wait), tries, troubles: failures };
    }
  };

/**
 * Finds the record of this CCD request.
 * @throws Error if the request does not hold the session's lease, or has no record
 */
async function findOwnRecord(
  ports: RequestCcdsPorts,
  { requestId, sessionId }: RequestCcdsInput["request"],
): Promise<CcdRequestRecord> {
  if (!(await ports.leases.isHeldBy(sessionLeaseName(sessionId), requestId)))
    throw new Error(
      `CCD request ${requestId} does not hold the lease of the session ${sessionId}, so it may not use the session: make the request again`,
    );
  const record = await ports.requests.find(requestId);
  if (record === undefined)
    throw new Error(`the record of CCD request ${requestId} is not in the ledger any more: make the request again`);
  return record;
}

/** The wait before the next attempt, in milliseconds. After `accepted`, the wait before the first attempt to fetch documents. */
function waitMs(outcome: UsableResult["outcome"], tries: number, elapsed: Elapsed): number {
  if (outcome === "accepted") return pollIntervalMs({ retryAfterMs: undefined, workedMs: 0, ...elapsed });
  // A round that also fetches documents adds twice as many events to the execution's history.
  return turnIntervalMs(tries, elapsed) * (outcome === "unfinished" ? 2 : 1);
}

async function requestFromServer(
  ports: RequestCcdsPorts,
  record: CcdRequestRecord,
  failures: number,
  signal: AbortSignal,
): Promise<UsableResult> {
  const { requestId, sessionId, order } = record;
  const accepted: UsableResult = { outcome: "accepted", fetchFor: requestId };
  // An earlier attempt stored the server's answer and ended before its result arrived.
  if (record.serverRequestId !== null) return accepted;
  if (record.patient === undefined) await storeKnownPatient(ports, record, failures, signal);
  const answer = await ports.createServerRequest(sessionId, order, signal);
  if (answer.state === "pending-elsewhere")
    return await findUnfinishedRequest(ports, sessionId, answer.serverRequestId);
  if (answer.state === "refused") {
    // The server's own text may repeat the patient's id.
    const code = answer.code === undefined ? "" : `, code ${answer.code}`;
    throw new CcdRequestRefused(
      `the server refused CCD request ${requestId} (HTTP ${answer.status}${code}): check the patient's id and the dates`,
    );
  }
  await ports.requests.accept(requestId, answer.serverRequestId);
  return accepted;
}

/** Finds out whether the server request that blocks ours is certain to be one of ours, with an execution that has ended. */
async function findUnfinishedRequest(
  ports: RequestCcdsPorts,
  sessionId: string,
  serverRequestId: string | undefined,
): Promise<UsableResult> {
  const owner = serverRequestId === undefined ? undefined : await ports.requests.ownerOf(serverRequestId);
  if (owner === undefined) return { outcome: "foreign", fetchFor: null };
  const record = await ports.requests.find(owner);
  // One person may have several sessions. No session is used for the request of another, which may be about another patient.
  if (record !== undefined && record.sessionId !== sessionId) return { outcome: "foreign", fetchFor: null };
  const requestedAt = record?.requestedAt;
  const since = requestedAt === undefined ? undefined : Date.parse(requestedAt);
  if (!isOver(await ports.executions.find(owner), since, ports.now())) return { outcome: "foreign", fetchFor: null };
  return { outcome: "unfinished", fetchFor: owner };
}
