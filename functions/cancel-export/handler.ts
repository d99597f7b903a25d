import * as z from "zod";
import { executionStopped } from "#contracts/triggers.ts";
import { deleteJob } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { busFromEnvironment } from "#runtime/bus.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { cancelExport } from "./cancel-export.ts";

export const handler = step(executionStopped, z.strictObject({}), () => {
  const client = integraClient();
  return cancelExport({
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    bus: busFromEnvironment(),
    log,
    now: Date.now,
  });
});
