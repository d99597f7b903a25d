import type { SessionLease, SessionLeaseInput } from "#ccd-retrieval/language/ccd-state.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";
import { elapsedOf, nextTry, turnIntervalMs } from "#platform/pacing/pacing.ts";

export interface TakeSessionLeasePorts {
  leases: Pick<Leases, "take" | "takeOver">;
  executions: Pick<Executions, "find">;
  /** A new one at each call, so that a write recognises itself. */
  nonce: () => string;
  log: Log;
  now: () => number;
}

/** About as long as one request has the session. */
const turnMs = 5_000;

/**
 * Looks once whether the session is free for this request. A lease falls to whoever looks next where its holder's
 * execution has ended: never by the clock, only because Step Functions says so. What the ended one left at the server is
 * met when CCDs are requested.
 */
export const takeSessionLease =
  (ports: TakeSessionLeasePorts): Step<SessionLeaseInput, SessionLease> =>
  async ({ request, lease: previous }) => {
    const tries = (previous?.tries ?? 0) + 1;
    const holder = await claim(ports, request.sessionId, request.requestId);
    if (holder === request.requestId) return { outcome: "ours", ...nextTry(ports.now(), 0), tries };
    ports.log.info("another request has the session", { holder, tries });
    const wait = turnIntervalMs(tries, elapsedOf(request, ports.now()), turnMs);
    return { outcome: "waiting", ...nextTry(ports.now(), wait), tries };
  };

/** The execution that holds the session's lease after this try. */
async function claim(ports: TakeSessionLeasePorts, sessionId: string, requestId: string): Promise<string> {
  const name = sessionLeaseName(sessionId);
  const own = { execution: requestId, exportId: requestId, asks: "" };
  const nonce = ports.nonce();
  const lease = await ports.leases.take(name, own, nonce);
  if (lease.execution === requestId) return requestId;
  if ((await ports.executions.find(lease.execution))?.status === "running") return lease.execution;
  const taken = await ports.leases.takeOver(name, own, nonce, lease);
  if (taken.execution === requestId)
    ports.log.warn("took the session over from an execution that ended without giving it back", {
      from: lease.execution,
    });
  return taken.execution;
}
