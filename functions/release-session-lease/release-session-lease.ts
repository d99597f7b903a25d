import type { ReleaseSessionInput, SessionRelease } from "#contracts/ccd-state.ts";
import { sessionLeaseName } from "#functions/workflow/session-lease.ts";
import type { Leases } from "#ledger/leases.ts";
import type { Step } from "#runtime/step.ts";

/** Lets the session's next request have its turn. A request that never had the lease gives none back. */
export const releaseSessionLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseSessionInput, SessionRelease> =>
  async ({ request: { sessionId, requestId } }) => ({
    released: await leases.release(sessionLeaseName(sessionId), requestId),
  });
