import { completeInput, completion } from "#contracts/export-state.ts";
import { exportRecords } from "#landing/export-records.ts";
import { receipts } from "#landing/receipts.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { checkpointsFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { completeExport } from "./complete-export.ts";

export const handler = step(completeInput, completion, () => {
  const bucket = bucketFromEnvironment(s3Client());
  return completeExport({
    records: exportRecords(bucket),
    receipts: receipts(bucket),
    checkpoints: checkpointsFromEnvironment(),
    log,
    now: Date.now,
  });
});
