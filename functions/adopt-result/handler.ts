import { adoptInput, completion } from "#contracts/export-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { adoptResult } from "./adopt-result.ts";

export const handler = step(adoptInput, completion, () => {
  const bucket = bucketFromEnvironment(s3Client());
  return adoptResult({ records: exportRecords(bucket), audit: auditTrail(bucket, Date.now), log, now: Date.now });
});
