import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { pollInput, pollResult } from "#contracts/export-state.ts";
import { pollStatus } from "#integra/bulk-export.ts";
import { exportRecords } from "#landing/export-records.ts";
import { integraClient } from "#runtime/integra-client.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { log } from "#runtime/log.ts";
import { exportMetrics } from "#runtime/metrics.ts";
import { step } from "#runtime/step.ts";
import { pollExport } from "./poll-export.ts";

export const handler = step(pollInput, pollResult, () => {
  const client = integraClient();
  const metrics = exportMetrics();
  return pollExport({
    pollStatus: (statusUrl, signal) => pollStatus(client, statusUrl, signal),
    records: exportRecords(bucketFromEnvironment(s3Client())),
    reportAge: (seconds) => {
      metrics.addMetric("ExportAge", MetricUnit.Seconds, Math.round(seconds));
      metrics.publishStoredMetrics();
    },
    log,
    now: Date.now,
  });
});
