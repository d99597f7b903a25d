import { kickOffInput, kickOffResult } from "#contracts/export-state.ts";
import { deleteJob, kickOff, kickOffUrl } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { busFromEnvironment } from "#runtime/bus.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { kickOffExport } from "./kick-off-export.ts";

export const handler = step(kickOffInput, kickOffResult, () => {
  const client = integraClient();
  return kickOffExport({
    kickOff: (request, signal) => kickOff(client, request, signal),
    kickOffUrl: (request) => kickOffUrl(client.server, request),
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    bus: busFromEnvironment(),
    log,
    now: Date.now,
  });
});
