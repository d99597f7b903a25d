import type { ReleaseSessionLeaseInput, SessionRelease } from "#ccd-retrieval/language/ccd-state.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

/** Releases the session's lease for the next CCD request. If this request never had the lease, nothing is released. */
export const releaseSessionLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseSessionLeaseInput, SessionRelease> =>
  async ({ request: { sessionId, requestId } }) => ({
    released: await leases.release(sessionLeaseName(sessionId), requestId),
  });
