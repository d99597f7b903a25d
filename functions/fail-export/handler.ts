import { failed, failInput } from "#contracts/export-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { failExport } from "./fail-export.ts";

export const handler = step(failInput, failed, () => {
  const bucket = bucketFromEnvironment(s3Client());
  const bus = auditedBusFromEnvironment(auditTrail(bucket, Date.now));
  return failExport({ records: exportRecords(bucket), bus, log });
});
