import { CcdRequestRefused } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdQuery } from "#ccd-retrieval/language/ccd-protocol.ts";
import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdOrderResult, RequestCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import { type KnownPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { CcdRequestAnswer } from "#ccd-retrieval/server/ccd-answers.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import {
  type Elapsed,
  elapsedOf,
  nextTry,
  pollIntervalMs,
  troubleIntervalMs,
  turnIntervalMs,
  worthAnotherTry,
} from "#platform/pacing/pacing.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";

export interface RequestCcdsPorts {
  /** Undefined where the server answers with somebody else. */
  readPatient(patientId: string, signal: AbortSignal): Promise<KnownPatient | undefined>;
  createRequest(query: CcdQuery, signal: AbortSignal): Promise<CcdRequestAnswer>;
  requests: Pick<CcdRequests, "find" | "keepPatient" | "accept" | "ownerOf">;
  leases: Pick<Leases, "isHeldBy">;
  executions: Pick<Executions, "find">;
  log: Log;
  now: () => number;
}

type Order = Pick<CcdOrderResult, "outcome" | "fetchFor">;

/**
 * Asks the server once to look for the patient's CCDs. Where it is at work on another request of the same user, it names
 * that one, and the name is used for nothing but to learn whose it is: one of ours whose execution has ended is finished
 * first, for its own patient; any other is waited out. So is a request that we made and whose answer got lost: nothing
 * tells it from somebody else's. Before the first time, it reads what the server knows of the patient, by whom the documents
 * will be judged.
 *
 * Source: guide, "Kick-off Request", "Response Payload" and "Error Response Payload".
 * @throws CcdRequestRefused, AccessRefused, SessionDead, SessionSecretUnusable, OriginRefused
 * @throws ServerUnavailable after too many answers in a row that told nothing
 */
export const requestCcds =
  (ports: RequestCcdsPorts): Step<RequestCcdsInput, CcdOrderResult> =>
  async ({ request, order: previous }, { signal }) => {
    const tries = (previous?.tries ?? 0) + 1;
    const elapsed = elapsedOf(request, ports.now());
    if (!(await ports.leases.isHeldBy(sessionLeaseName(request.sessionId), request.requestId)))
      throw new Error("the session's lease is not ours: nothing is asked without it");
    const record = await ports.requests.find(request.requestId);
    if (record === undefined) throw new Error(`the record of ${request.requestId} is gone`);
    try {
      const order = await ask(ports, record, previous?.troubles ?? 0, signal);
      const wait = pauseMs(order.outcome, tries, elapsed);
      ports.log.info("asked for CCDs", { ...order, tries });
      return { ...order, ...nextTry(ports.now(), wait), tries, troubles: 0 };
    } catch (fault) {
      const troubles = (previous?.troubles ?? 0) + 1;
      if (!(fault instanceof ServerUnavailable) || !worthAnotherTry(troubles, fault)) throw fault;
      ports.log.warn("the request for CCDs got no answer that counts", { tries, troubles, reason: fault.message });
      const wait = troubleIntervalMs(troubles, fault.retryAfterMs, elapsed);
      return { outcome: "busy", fetchFor: null, ...nextTry(ports.now(), wait), tries, troubles };
    }
  };

/** The pause before the next request or, where the server works on ours, before the first try to fetch documents. */
function pauseMs(outcome: Order["outcome"], tries: number, elapsed: Elapsed): number {
  if (outcome === "accepted") return pollIntervalMs({ retryAfterMs: undefined, polls: 0, ...elapsed });
  // A round that fetches documents on its way adds twice the events to the history.
  return turnIntervalMs(tries, elapsed) * (outcome === "unfinished" ? 2 : 1);
}

async function ask(
  ports: RequestCcdsPorts,
  record: CcdRequestRecord,
  troubles: number,
  signal: AbortSignal,
): Promise<Order> {
  const { requestId, order } = record;
  const accepted: Order = { outcome: "accepted", fetchFor: requestId };
  // A try before this one got the answer, and died after it had kept it.
  if (record.serverRequestId !== null) return accepted;
  if (record.patient === undefined) await learnPatient(ports, record, troubles, signal);
  const { patientId, startDate, endDate } = order;
  const answer = await ports.createRequest(
    { patientId, startDate: startDate ?? undefined, endDate: endDate ?? undefined },
    signal,
  );
  if (answer.state === "pending-elsewhere") return await otherThanOurs(ports, answer.requestId);
  if (answer.state === "refused") {
    // What the server says in words may repeat what was asked for.
    const code = answer.code === undefined ? "" : `, code ${answer.code}`;
    throw new CcdRequestRefused(
      `the server refused the request for CCDs (HTTP ${answer.status}${code}): check the patient's id and the dates`,
    );
  }
  await ports.requests.accept(requestId, answer.requestId);
  return accepted;
}

/** Tries to read the Patient that may fail, and some more. */
const patientTroubles = 3;

/** Keeps what is known of the patient, once. Where it cannot be known, documents are judged by the patient's id alone. */
async function learnPatient(
  ports: RequestCcdsPorts,
  { requestId, order: { patientId } }: CcdRequestRecord,
  troubles: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const patient = await ports.readPatient(patientId, signal);
    if (patient === undefined)
      ports.log.warn("the server answered with another Patient: documents are judged by the id alone");
    await ports.requests.keepPatient(requestId, patient ?? nothingKnown);
  } catch (fault) {
    const isRefused = fault instanceof ReadRefused;
    // A server may have a Patient that it can never show: the documents are not to wait for it for ever.
    const isGivenUp = fault instanceof ServerUnavailable && troubles >= patientTroubles;
    if (!isRefused && !isGivenUp) throw fault;
    ports.log.warn("the Patient cannot be read: documents are judged by the id alone", { reason: fault.message });
    await ports.requests.keepPatient(requestId, nothingKnown);
  }
}

/** Whose the pending request is, as far as we know for certain. */
async function otherThanOurs(ports: RequestCcdsPorts, serverRequestId: string | undefined): Promise<Order> {
  const foreign: Order = { outcome: "foreign", fetchFor: null };
  const owner = serverRequestId === undefined ? undefined : await ports.requests.ownerOf(serverRequestId);
  if (owner === undefined || (await ports.executions.find(owner))?.status === "running") return foreign;
  return { outcome: "unfinished", fetchFor: owner };
}
