import * as z from "zod";
import { announceInput } from "#contracts/export-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { step } from "#runtime/step.ts";
import { announceCompletion } from "./announce-completion.ts";

export const handler = step(announceInput, z.strictObject({}), () => {
  const bucket = bucketFromEnvironment(s3Client());
  const bus = auditedBusFromEnvironment(auditTrail(bucket, Date.now));
  return announceCompletion({ records: exportRecords(bucket), bus });
});
