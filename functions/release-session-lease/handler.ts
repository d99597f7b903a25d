import { releaseSessionInput, sessionRelease } from "#contracts/ccd-state.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { step } from "#runtime/step.ts";
import { releaseSessionLease } from "./release-session-lease.ts";

export const handler = step(releaseSessionInput, sessionRelease, () =>
  releaseSessionLease({ leases: leasesFromEnvironment() }),
);
