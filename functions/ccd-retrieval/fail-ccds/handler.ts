import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { ccdsFailed, failCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";

import { failCcds } from "./fail-ccds.ts";

export const handler = ccdStep(failCcdsInput, ccdsFailed, () =>
  failCcds({
    requests: ccdRequestsFromEnvironment(),
    bus: auditedCcdBus(ccdAudit(auditTrailFromEnvironment(s3Client()), Date.now)),
    log: ccdLog,
    now: Date.now,
  }),
);
