import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { exportEvents } from "#bulk-export/language/export-events.ts";
import { downloadInput, downloadResult } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { exportEventMeter } from "#bulk-export/records/measured-events.ts";
import { planReader } from "#bulk-export/records/plan-reader.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { receipts } from "#bulk-export/records/receipts.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { openOutputFile } from "#bulk-export/server/output-file.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import { environment } from "#platform/lambda/environment.ts";
import { downloadFile } from "./download-file.ts";

const variables = z.object({ FILES_AT_ONCE: z.coerce.number().int().positive() });

export const handler = exportStep(downloadInput, downloadResult, () => {
  const client = integraClient();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const records = exportRecords(bucket);
  return downloadFile({
    openFile: (file, signal) => openOutputFile(client, file, signal),
    upload: verifiedUpload(s3, bucket, undefined, (error) => {
      exportLog.warn("EXPORT_UPLOAD_ABORT_FAILED", { error: String(error) });
    }),
    getPlan: planReader(records),
    records,
    receipts: receipts(bucket),
    bus: reportingBus(busFromEnvironment(exportEvents), exportEventMeter()),
    reports: progressReportsFromEnvironment(),
    filesAtOnce: environment(variables).FILES_AT_ONCE,
    log: exportLog,
    now: Date.now,
  });
});
