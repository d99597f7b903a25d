import * as z from "zod";
import { exportGroup } from "#contracts/export-request.ts";
import { exportContext, unvalidatedExport } from "#contracts/export-state.ts";
import { auditTrail } from "#landing/audit-trail.ts";
import { exportRecords } from "#landing/export-records.ts";
import { environment, jsonVariable } from "#runtime/environment.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { checkpointsFromEnvironment } from "#runtime/ledger.ts";
import { step } from "#runtime/step.ts";
import { validateRequest } from "./validate-request.ts";

const variables = z.object({
  EXPORT_TYPES: jsonVariable(z.array(z.string())),
  EXPORT_GROUPS: jsonVariable(z.array(exportGroup)),
  DEADLINE_HOURS: z.coerce.number().positive(),
});

export const handler = step(z.object({ export: unvalidatedExport }), exportContext, () => {
  const env = environment(variables);
  const bucket = bucketFromEnvironment(s3Client());
  const validate = validateRequest({
    types: env.EXPORT_TYPES,
    groups: env.EXPORT_GROUPS,
    deadlineHours: env.DEADLINE_HOURS,
    checkpoints: checkpointsFromEnvironment(),
    records: exportRecords(bucket),
    audit: auditTrail(bucket, Date.now),
  });
  return ({ export: unvalidated }) => validate(unvalidated);
});
