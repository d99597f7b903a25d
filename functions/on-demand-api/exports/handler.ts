import * as z from "zod";
import { bulkExportsFromEnvironment } from "#bulk-export/entry.ts";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { apiSecretFromEnvironment } from "#on-demand-api/gateway/api-secret.ts";
import { requestIds } from "#on-demand-api/gateway/request-ids.ts";
import { exportCallers } from "#on-demand-api/language/export-rights.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { serveExports } from "./exports.ts";

const variables = z.object({ API_URL: z.url(), EXPORT_CALLERS: jsonVariable(exportCallers) });

export const handler = lambdaHandler(() => {
  const { API_URL, EXPORT_CALLERS: callers } = environment(variables);
  const s3 = s3Client();
  return {
    handle: serveExports({
      ...bulkExportsFromEnvironment(s3, bucketFromEnvironment(s3)),
      callers,
      ids: requestIds("export", apiSecretFromEnvironment()),
      apiUrl: API_URL.replace(/\/$/, ""),
      now: Date.now,
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3)),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
