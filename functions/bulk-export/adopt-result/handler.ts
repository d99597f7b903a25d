import { exportStep } from "#bulk-export/export-step.ts";
import { adoptInput, completion } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { adoptResult } from "./adopt-result.ts";

export const handler = exportStep(adoptInput, completion, () => {
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  return adoptResult({
    records: exportRecords(bucket),
    audit: exportAudit(auditTrailFromEnvironment(s3), Date.now),
    reports: progressReportsFromEnvironment(),
    log: exportLog,
    now: Date.now,
  });
});
