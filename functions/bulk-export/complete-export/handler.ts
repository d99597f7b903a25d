import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { completeInput, completion } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { checkpointsFromEnvironment } from "#bulk-export/records/checkpoints.ts";
import { exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { progressReportsFromEnvironment } from "#bulk-export/records/progress-reports.ts";
import { receipts } from "#bulk-export/records/receipts.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { completeExport } from "./complete-export.ts";

const variables = z.object({ TOLERATED_MISSING_SHARE: z.coerce.number().min(0).max(1) });

export const handler = exportStep(completeInput, completion, () => {
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  return completeExport({
    records: exportRecords(bucket),
    receipts: receipts(bucket),
    checkpoints: checkpointsFromEnvironment(),
    audit: exportAudit(auditTrailFromEnvironment(s3), Date.now),
    reports: progressReportsFromEnvironment(),
    toleratedMissingShare: environment(variables).TOLERATED_MISSING_SHARE,
    log: exportLog,
    now: Date.now,
  });
});
