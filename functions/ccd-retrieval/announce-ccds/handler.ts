import * as z from "zod";
import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { announceCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import { auditedCcdBus, ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { ccdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { announceCcds } from "./announce-ccds.ts";

export const handler = ccdStep(announceCcdsInput, z.strictObject({}), () => {
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  return announceCcds({
    requests: ccdRequestsFromEnvironment(),
    landing: ccdLanding(s3, bucket),
    bus: auditedCcdBus(ccdAudit(auditTrailFromEnvironment(s3), Date.now)),
    now: Date.now,
  });
});
