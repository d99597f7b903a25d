import type { ReleaseSessionInput, SessionRelease } from "#ccd-retrieval/language/ccd-state.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

/** Lets the session's next request have its turn. A request that never had the lease gives none back. */
export const releaseSessionLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseSessionInput, SessionRelease> =>
  async ({ request: { sessionId, requestId } }) => ({
    released: await leases.release(sessionLeaseName(sessionId), requestId),
  });
