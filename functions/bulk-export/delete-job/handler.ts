import { setTimeout as sleep } from "node:timers/promises";
import { exportStep } from "#bulk-export/export-step.ts";
import { deleteJobInput, deletion } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { deleteJobStep } from "./delete-job.ts";

export const handler = exportStep(deleteJobInput, deletion, () => {
  const client = integraClient();
  return deleteJobStep({
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    log: exportLog,
    sleep,
  });
});
