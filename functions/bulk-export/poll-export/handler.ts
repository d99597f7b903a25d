import { exportStep } from "#bulk-export/export-step.ts";
import { pollInput, pollResult } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { pollStatus } from "#bulk-export/server/job-status.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { pollExport } from "./poll-export.ts";

export const handler = exportStep(pollInput, pollResult, () => {
  const client = integraClient();
  return pollExport({
    pollStatus: (statusUrl, signal) => pollStatus(client, statusUrl, signal),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    reports: progressReportsFromEnvironment(),
    log: exportLog,
    now: Date.now,
  });
});
