import { exportStep } from "#bulk-export/export-step.ts";
import { kickOffInput, kickOffResult } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { auditedExportBus, exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { kickOff, kickOffUrl } from "#bulk-export/server/kick-off.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { kickOffExport } from "./kick-off-export.ts";

export const handler = exportStep(kickOffInput, kickOffResult, () => {
  const client = integraClient();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const audit = exportAudit(auditTrailFromEnvironment(s3), Date.now);
  return kickOffExport({
    kickOff: (request, signal) => kickOff(client, request, signal),
    kickOffUrl: (request) => kickOffUrl(client.server, request),
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucket),
    audit,
    bus: auditedExportBus(audit),
    reports: progressReportsFromEnvironment(),
    log: exportLog,
    now: Date.now,
  });
});
