import { randomUUID } from "node:crypto";
import { sessionLease, sessionLeaseInput } from "#contracts/ccd-state.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { takeSessionLease } from "./take-session-lease.ts";

export const handler = step(sessionLeaseInput, sessionLease, () =>
  takeSessionLease({
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    nonce: randomUUID,
    log,
    now: Date.now,
  }),
);
