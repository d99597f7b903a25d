import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { announceInput } from "#bulk-export/language/export-state.ts";
import { endingExportBus } from "#bulk-export/records/export-audit.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { announceCompletion } from "./announce-completion.ts";

export const handler = exportStep(announceInput, z.strictObject({}), () => {
  const s3 = s3Client();
  return announceCompletion({ records: exportRecords(bucketFromEnvironment(s3)), bus: endingExportBus(s3) });
});
