import type { SessionLease, TakeSessionLeaseInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { isOver } from "#platform/executions/is-over.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, nextTry, turnIntervalMs } from "#platform/pacing/pacing.ts";

export interface TakeSessionLeasePorts {
  leases: Pick<Leases, "take" | "takeOver">;
  executions: Pick<Executions, "find">;
  /** Returns a new nonce for each call. By it a repeated write recognises itself. */
  nonce: () => string;
  log: Log<CcdLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The longest wait between two attempts. One CCD request has the session for about this long. */
const longestWaitMs = 5_000;

/**
 * Tries once to take the session's lease for this CCD request. If the holder's execution has ended, the lease passes to the
 * next request that tries. Only Step Functions decides whether an execution has ended, never the clock; an execution that it does not know counts as
 * ended after some minutes. The server may still
 * work on the ended request: the step `request-ccds` deals with that.
 */
export const takeSessionLease =
  (ports: TakeSessionLeasePorts): Step<TakeSessionLeaseInput, SessionLease> =>
  async ({ request, lease: previous }) => {
    const tries = (previous?.tries ?? 0) + 1;
    const holder = await claimLease(ports, request.sessionId, request.requestId);
    if (holder === request.requestId) return { outcome: "ours", ...nextTry(ports.now(), 0), tries };
    ports.log.info("SESSION_LEASE_AWAITED", { holder, attempt: tries });
    const wait = turnIntervalMs(tries, elapsedOf(request, ports.now()), longestWaitMs);
    return { outcome: "waiting", ...nextTry(ports.now(), wait), tries };
  };

/** Takes the lease if it is free or its holder has ended. Returns the CCD request that holds it afterwards. */
async function claimLease(ports: TakeSessionLeasePorts, sessionId: string, requestId: string): Promise<string> {
  const name = sessionLeaseName(sessionId);
  const own = { execution: requestId, exportId: requestId, kickOff: "" };
  const nonce = ports.nonce();
  const lease = await ports.leases.take(name, own, nonce);
  if (lease.execution === requestId) return requestId;
  if (!isOver(await ports.executions.find(lease.execution), lease.takenAt, ports.now())) return lease.execution;
  const taken = await ports.leases.takeOver(name, own, nonce, lease);
  if (taken.execution === requestId) ports.log.warn("SESSION_LEASE_TAKEN_OVER", { from: lease.execution });
  return taken.execution;
}
