import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { executionStopped } from "#bulk-export/language/triggers.ts";
import { exportLog } from "#bulk-export/log.ts";
import { auditedExportBus, exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { cancelExport } from "./cancel-export.ts";

export const handler = exportStep(executionStopped, z.strictObject({}), () => {
  const client = integraClient();
  const bucket = bucketFromEnvironment(s3Client());
  const audit = exportAudit(bucket, Date.now);
  return cancelExport({
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucket),
    audit,
    bus: auditedExportBus(audit),
    log: exportLog,
    now: Date.now,
  });
});
