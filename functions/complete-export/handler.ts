import * as z from "zod";
import { completeInput, completion } from "#contracts/export-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { receipts } from "#landing/receipts.ts";
import { environment } from "#runtime/environment.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { checkpointsFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { completeExport } from "./complete-export.ts";

const variables = z.object({ TOLERATED_MISSING_SHARE: z.coerce.number().min(0).max(1) });

export const handler = step(completeInput, completion, () => {
  const bucket = bucketFromEnvironment(s3Client());
  return completeExport({
    records: exportRecords(bucket),
    receipts: receipts(bucket),
    checkpoints: checkpointsFromEnvironment(),
    audit: auditTrail(bucket, Date.now),
    toleratedMissingShare: environment(variables).TOLERATED_MISSING_SHARE,
    log,
    now: Date.now,
  });
});
