import * as z from "zod";
import { ccdReadingFromEnvironment } from "#ccd-retrieval/reading-entry.ts";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { serveCcdDocuments } from "./ccd-documents.ts";

const variables = z.object({ SHARED_DOCUMENTS: z.enum(["true", "false"]) });

export const handler = lambdaHandler(() => {
  const env = environment(variables);
  const s3 = s3Client();
  return {
    handle: serveCcdDocuments({
      ...ccdReadingFromEnvironment(s3, bucketFromEnvironment(s3)),
      shared: env.SHARED_DOCUMENTS === "true",
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3)),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
