import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { downloadPlan, planInput } from "#bulk-export/language/export-state.ts";
import { fileKeys } from "#bulk-export/records/export-keys.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { receipts } from "#bulk-export/records/receipts.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { readManifestPage } from "#bulk-export/server/export-job.ts";
import { isForeignRequest, parseManifest } from "#bulk-export/server/manifest.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { log } from "#platform/lambda/log.ts";
import { planDownloads } from "./plan-downloads.ts";

const variables = z.object({ MATCH_REQUEST: z.stringbool() });

export const handler = exportStep(planInput, downloadPlan, () => {
  const { MATCH_REQUEST } = environment(variables);
  const client = integraClient();
  const bucket = bucketFromEnvironment(s3Client());
  return planDownloads({
    parseManifest,
    isForeignRequest: MATCH_REQUEST ? isForeignRequest : () => false,
    readManifestPage: (url, signal) => readManifestPage(client, url, signal),
    fileKeys,
    records: exportRecords(bucket),
    receipts: receipts(bucket),
    log,
    now: Date.now,
  });
});
