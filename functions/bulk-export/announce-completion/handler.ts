import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { announceInput } from "#bulk-export/language/export-state.ts";
import { auditedExportBus, exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { announceCompletion } from "./announce-completion.ts";

export const handler = exportStep(announceInput, z.strictObject({}), () => {
  const bucket = bucketFromEnvironment(s3Client());
  const bus = auditedExportBus(exportAudit(bucket, Date.now));
  return announceCompletion({ records: exportRecords(bucket), bus });
});
