import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { ccdRetrievalFromEnvironment } from "#ccd-retrieval/entry.ts";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { apiSecretFromEnvironment } from "#on-demand-api/gateway/api-secret.ts";
import { requestIds } from "#on-demand-api/gateway/request-ids.ts";
import { matchPatient } from "#on-demand-api/server/patient-search.ts";
import { sessionsFromEnvironment } from "#on-demand-api/server/sessions-from-environment.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { serveCcdRequests } from "./ccd-requests.ts";

const variables = z.object({
  API_URL: z.url(),
  SHARED_DOCUMENTS: z.enum(["true", "false"]),
});

export const handler = lambdaHandler(() => {
  const env = environment(variables);
  const s3 = s3Client();
  return {
    handle: serveCcdRequests({
      findSession: sessionsFromEnvironment(),
      matchPatient: (client, parameters, signal) => matchPatient(client, "r4", parameters, signal),
      ...ccdRetrievalFromEnvironment(bucketFromEnvironment(s3)),
      ids: requestIds("ccd", apiSecretFromEnvironment()),
      shared: env.SHARED_DOCUMENTS === "true",
      apiUrl: env.API_URL.replace(/\/$/, ""),
      now: Date.now,
      sleep: (ms) => sleep(ms),
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3)),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
