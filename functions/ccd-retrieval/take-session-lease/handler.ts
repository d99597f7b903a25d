import { randomUUID } from "node:crypto";
import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { sessionLease, sessionLeaseInput } from "#ccd-retrieval/language/ccd-state.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { log } from "#platform/lambda/log.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { takeSessionLease } from "./take-session-lease.ts";

export const handler = ccdStep(sessionLeaseInput, sessionLease, () =>
  takeSessionLease({
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    nonce: randomUUID,
    log,
    now: Date.now,
  }),
);
