import { releaseInput, releaseResult } from "#contracts/export-state.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { step } from "#runtime/step.ts";
import { releaseLease } from "./release-lease.ts";

export const handler = step(releaseInput, releaseResult, () => releaseLease({ leases: leasesFromEnvironment() }));
