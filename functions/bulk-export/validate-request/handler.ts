import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { exportGroup } from "#bulk-export/language/export-request.ts";
import { exportContext, unvalidatedExport } from "#bulk-export/language/export-state.ts";
import { checkpointsFromEnvironment } from "#bulk-export/records/checkpoints.ts";
import { exportAudit } from "#bulk-export/records/export-audit.ts";
import { exportProgressFromEnvironment } from "#bulk-export/records/export-progress.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { validateRequest } from "./validate-request.ts";

const variables = z.object({
  EXPORT_TYPES: jsonVariable(z.array(z.string())),
  EXPORT_GROUPS: jsonVariable(z.array(exportGroup)),
  DEADLINE_HOURS: z.coerce.number().positive(),
});

export const handler = exportStep(z.object({ export: unvalidatedExport }), exportContext, () => {
  const env = environment(variables);
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  const validate = validateRequest({
    types: env.EXPORT_TYPES,
    groups: env.EXPORT_GROUPS,
    deadlineHours: env.DEADLINE_HOURS,
    checkpoints: checkpointsFromEnvironment(),
    records: exportRecords(bucket),
    audit: exportAudit(auditTrailFromEnvironment(s3), Date.now),
    openRuns: openRunsFromEnvironment(),
    progress: exportProgressFromEnvironment(),
  });
  return ({ export: unvalidated }) => validate(unvalidated);
});
