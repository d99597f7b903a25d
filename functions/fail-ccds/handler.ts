import { ccdsFailed, failCcdsInput } from "#contracts/ccd-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { ccdRequestsFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { failCcds } from "./fail-ccds.ts";

export const handler = step(failCcdsInput, ccdsFailed, () =>
  failCcds({
    requests: ccdRequestsFromEnvironment(),
    bus: auditedBusFromEnvironment(auditTrail(bucketFromEnvironment(s3Client()), Date.now)),
    log,
    now: Date.now,
  }),
);
