import { randomUUID } from "node:crypto";
import { exportStep } from "#bulk-export/export-step.ts";
import { leaseInput, leaseResult } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { takeLease } from "./take-lease.ts";

export const handler = exportStep(leaseInput, leaseResult, () => {
  const client = integraClient();
  return takeLease({
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    reports: progressReportsFromEnvironment(),
    nonce: randomUUID,
    log: exportLog,
    now: Date.now,
  });
});
