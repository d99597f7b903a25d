import { exportStep } from "#bulk-export/export-step.ts";
import { failInput } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { endingExportBus } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { explanation } from "#platform/executions/explained-failure.ts";
import { failExport } from "./fail-export.ts";

export const handler = exportStep(failInput, explanation, () => {
  const s3 = s3Client();
  return failExport({ records: exportRecords(bucketFromEnvironment(s3)), bus: endingExportBus(s3), log: exportLog });
});
