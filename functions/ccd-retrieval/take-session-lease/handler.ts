import { randomUUID } from "node:crypto";
import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { sessionLease, takeSessionLeaseInput } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";

import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { takeSessionLease } from "./take-session-lease.ts";

export const handler = ccdStep(takeSessionLeaseInput, sessionLease, () =>
  takeSessionLease({
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    nonce: randomUUID,
    log: ccdLog,
    now: Date.now,
  }),
);
