import { randomUUID } from "node:crypto";
import { leaseInput, leaseResult } from "#contracts/export-state.ts";
import { deleteJob } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { takeLease } from "./take-lease.ts";

export const handler = step(leaseInput, leaseResult, () => {
  const client = integraClient();
  return takeLease({
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    nonce: randomUUID,
    log,
    now: Date.now,
  });
});
