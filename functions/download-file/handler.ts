import { downloadInput, downloadResult } from "#contracts/export-state.ts";
import { openOutputFile } from "#integra/output-file.ts";
import { exportRecords } from "#landing/export-records.ts";
import { lastPlan } from "#landing/last-plan.ts";
import { receipts } from "#landing/receipts.ts";
import { verifiedUpload } from "#landing/verified-upload.ts";
import { busFromEnvironment } from "#runtime/bus.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { downloadFile } from "./download-file.ts";

export const handler = step(downloadInput, downloadResult, () => {
  const client = integraClient();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const records = exportRecords(bucket);
  return downloadFile({
    openFile: (file, signal) => openOutputFile(client, file, signal),
    upload: verifiedUpload(s3, bucket, undefined, (error) => {
      log.warn("an upload could not be aborted: the lifecycle rule will", { error: String(error) });
    }),
    getPlan: lastPlan(records),
    records,
    receipts: receipts(bucket),
    bus: busFromEnvironment(),
    log,
    now: Date.now,
  });
});
