import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { planInput, planResult } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { fileKeys } from "#bulk-export/records/landing-keys.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { receipts } from "#bulk-export/records/receipts.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { readManifestPage } from "#bulk-export/server/job-status.ts";
import { parseManifest } from "#bulk-export/server/manifest.ts";
import { answersAnotherRequest } from "#bulk-export/server/manifest-request.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { planDownloads } from "./plan-downloads.ts";

const variables = z.object({
  MATCH_REQUEST: z.stringbool(),
  FILES_PER_ITEM: z.coerce.number().int().positive(),
  ITEMS_AT_ONCE: z.coerce.number().int().positive(),
});

export const handler = exportStep(planInput, planResult, () => {
  const { MATCH_REQUEST, FILES_PER_ITEM, ITEMS_AT_ONCE } = environment(variables);
  const client = integraClient();
  const bucket = bucketFromEnvironment(s3Client());
  return planDownloads({
    parseManifest,
    answersAnotherRequest: MATCH_REQUEST ? answersAnotherRequest : () => false,
    readManifestPage: (url, signal) => readManifestPage(client, url, signal),
    fileKeys,
    records: exportRecords(bucket),
    receipts: receipts(bucket),
    reports: progressReportsFromEnvironment(),
    itemLimits: { filesPerItem: FILES_PER_ITEM, itemsAtOnce: ITEMS_AT_ONCE },
    log: exportLog,
    now: Date.now,
  });
});
