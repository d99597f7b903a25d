import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { announceInput } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { endingExportBus, exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { announceCompletion } from "./announce-completion.ts";

export const handler = exportStep(announceInput, z.strictObject({}), () => {
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const bus = endingExportBus(
    exportAudit(auditTrailFromEnvironment(s3), Date.now),
    openRunsFromEnvironment(),
    exportLog,
  );
  return announceCompletion({ records: exportRecords(bucket), bus });
});
