import { exportStep } from "#bulk-export/export-step.ts";
import { releaseInput, releaseResult } from "#bulk-export/language/export-state.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { releaseLease } from "./release-lease.ts";

export const handler = exportStep(releaseInput, releaseResult, () => releaseLease({ leases: leasesFromEnvironment() }));
