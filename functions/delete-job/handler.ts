import { setTimeout as sleep } from "node:timers/promises";
import { deleteJobInput, deletion } from "#contracts/export-state.ts";
import { deleteJob } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { deleteJobStep } from "./delete-job.ts";

export const handler = step(deleteJobInput, deletion, () => {
  const client = integraClient();
  return deleteJobStep({
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    log,
    sleep,
  });
});
