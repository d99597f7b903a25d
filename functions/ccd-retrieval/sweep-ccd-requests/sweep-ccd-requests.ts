import { type CcdEventBus, ccdFailedEvent } from "#ccd-retrieval/language/ccd-events.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { isSettled, settlingTimeMs } from "#platform/executions/is-over.ts";
import type { SweepResult, SweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

export interface SweepCcdRequestsPorts {
  requests: Pick<CcdRequests, "due" | "find" | "postpone" | "end" | "countOpen">;
  executions: Pick<Executions, "find">;
  leases: Pick<Leases, "find" | "release">;
  bus: CcdEventBus;
  /** The user session whose lease is looked at. */
  sessionId: string;
  /** A sweep looks at so many pending requests at most. The next sweep begins with those that wait longest. */
  mostRequests: number;
  /** Counts an end that nothing else had published. */
  countEnd: () => void;
  /** Reports how many requests are pending after the sweep. */
  reportOpen: (requests: number) => void;
  log: Log<CcdLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

const error = {
  name: "RetrievalStopped",
  message: "the retrieval ended before the documents were ready, or it was never started: send the request again",
} as const;

/**
 * Finds pending CCD requests whose execution is over or never started, and a session lease whose holder is gone. It fails these
 * requests, so that their callers do not go on polling, and releases the lease. A request whose execution still runs is looked at
 * again by a later sweep.
 * @throws Error if a request or the lease could not be settled. The others are settled first
 */
export const sweepCcdRequests =
  (ports: SweepCcdRequestsPorts): Step<SweepTrigger, SweepResult> =>
  async ({ time }, { signal }) => {
    const now = Date.parse(time);
    let [checked, published, failed] = [0, 0, 0];
    const guard = async (fields: object, work: () => Promise<boolean>) => {
      try {
        return await work();
      } catch (fault) {
        failed += 1;
        ports.log.error("CCD_REQUEST_NOT_SETTLED", { ...fields, reason: reasonOf(fault) });
        return false;
      }
    };
    for await (const requestId of ports.requests.due(now)) {
      if (checked >= ports.mostRequests || signal.aborted) break;
      checked += 1;
      if (await guard({ requestId }, () => endIfOver(ports, requestId, now))) published += 1;
    }
    const { sessionId } = ports;
    await guard({ sessionId }, () => releaseIfOver(ports, now));
    ports.reportOpen(await ports.requests.countOpen());
    ports.log.info("CCD_REQUESTS_SWEPT", { checked, published, failed });
    if (failed > 0) throw new Error(`${failed} CCD requests could not be settled; the next sweep tries them again`);
    return { checked, published };
  };

/** Ends a pending CCD request whose execution is over. Returns whether it did. */
async function endIfOver(ports: SweepCcdRequestsPorts, requestId: string, now: number): Promise<boolean> {
  // It is postponed first, so that a request that cannot be ended never keeps a sweep from the others.
  await ports.requests.postpone(requestId, now + settlingTimeMs);
  const record = await ports.requests.find(requestId);
  if (record?.state !== "pending") return false;
  const execution = await ports.executions.find(requestId);
  if (!isSettled(execution, Date.parse(record.requestedAt), now)) return false;
  // The event comes first, as in `fail-ccds`, so that every end has its event.
  await ports.bus.publish(ccdFailedEvent(requestId, error));
  const ended = await ports.requests.end(requestId, error, new Date(ports.now()).toISOString());
  await ports.leases.release(sessionLeaseName(record.sessionId), requestId);
  ports.countEnd();
  ports.log.warn("CCD_END_SWEPT", { requestId, execution: execution?.end?.status ?? execution?.status ?? "missing" });
  return ended;
}

/** Releases the session's lease if its holder's execution is over. Returns whether it did. */
async function releaseIfOver(ports: SweepCcdRequestsPorts, now: number): Promise<boolean> {
  const name = sessionLeaseName(ports.sessionId);
  const lease = await ports.leases.find(name);
  if (lease === undefined || !isSettled(await ports.executions.find(lease.execution), lease.takenAt, now)) return false;
  if (!(await ports.leases.release(name, lease.execution))) return false;
  ports.log.warn("SESSION_LEASE_SWEPT", { requestId: lease.exportId });
  return true;
}
