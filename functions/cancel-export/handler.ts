import * as z from "zod";
import { executionStopped } from "#contracts/triggers.ts";
import { deleteJob } from "#integra/bulk-export.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { cancelExport } from "./cancel-export.ts";

export const handler = step(executionStopped, z.strictObject({}), () => {
  const client = integraClient();
  const bucket = bucketFromEnvironment(s3Client());
  const audit = auditTrail(bucket, Date.now);
  return cancelExport({
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucket),
    audit,
    bus: auditedBusFromEnvironment(audit),
    log,
    now: Date.now,
  });
});
