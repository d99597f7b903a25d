import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { releaseSessionLeaseInput, sessionRelease } from "#ccd-retrieval/language/ccd-state.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { releaseSessionLease } from "./release-session-lease.ts";

export const handler = ccdStep(releaseSessionLeaseInput, sessionRelease, () =>
  releaseSessionLease({ leases: leasesFromEnvironment() }),
);
