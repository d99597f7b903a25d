import { exportLog } from "#bulk-export/log.ts";
import { auditedExportBus, exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportProgressFromEnvironment } from "#bulk-export/records/export-progress.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import type { SettleRunPorts } from "./settle-run.ts";

/** What `settleRun` needs, by the function's environment. */
export function settlementFromEnvironment() {
  const client = integraClient();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const audit = exportAudit(auditTrailFromEnvironment(s3), Date.now);
  return {
    deleteJob: (statusUrl, signal) => deleteJob(client, statusUrl, signal),
    leases: leasesFromEnvironment(),
    records: exportRecords(bucket),
    openRuns: openRunsFromEnvironment(),
    progress: exportProgressFromEnvironment(),
    audit,
    bus: auditedExportBus(audit),
    log: exportLog,
    now: Date.now,
  } satisfies SettleRunPorts;
}
