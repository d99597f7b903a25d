import { kickOffInput, kickOffResult } from "#contracts/export-state.ts";
import { deleteJob, kickOff, kickOffUrl } from "#integra/bulk-export.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { auditedBusFromEnvironment } from "#runtime/bus.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { kickOffExport } from "./kick-off-export.ts";

export const handler = step(kickOffInput, kickOffResult, () => {
  const client = integraClient();
  const bucket = bucketFromEnvironment(s3Client());
  const audit = auditTrail(bucket, Date.now);
  return kickOffExport({
    kickOff: (request, signal) => kickOff(client, request, signal),
    kickOffUrl: (request) => kickOffUrl(client.server, request),
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucket),
    audit,
    bus: auditedBusFromEnvironment(audit),
    log,
    now: Date.now,
  });
});
