import * as z from "zod";
import { downloadPlan, planInput } from "#contracts/export-state.ts";
import { readManifestPage } from "#integra/bulk-export.ts";
import { isForeignRequest, parseManifest } from "#integra/manifest.ts";
import { exportRecords } from "#landing/export-records.ts";
import { fileKeys } from "#landing/object-keys.ts";
import { receipts } from "#landing/receipts.ts";
import { environment } from "#runtime/environment.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { planDownloads } from "./plan-downloads.ts";

const variables = z.object({ MATCH_REQUEST: z.stringbool() });

export const handler = step(planInput, downloadPlan, () => {
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
