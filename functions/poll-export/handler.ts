import { pollInput, pollResult } from "#contracts/export-state.ts";
import { pollStatus } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { pollExport } from "./poll-export.ts";

export const handler = step(pollInput, pollResult, () => {
  const client = integraClient();
  return pollExport({
    pollStatus: (statusUrl, signal) => pollStatus(client, statusUrl, signal),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    log,
    now: Date.now,
  });
});
