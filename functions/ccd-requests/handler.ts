import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { matchPatient } from "#integra/patient-search.ts";
import { accessRecords } from "#landing/access-records.ts";
import { ccdDocumentLinks } from "#landing/ccd-documents.ts";
import { api } from "#runtime/api.ts";
import { callerRulesFromEnvironment } from "#runtime/api-caller.ts";
import { apiSecretFromEnvironment } from "#runtime/api-secret.ts";
import { environment } from "#runtime/environment.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { ccdRequestsFromEnvironment } from "#runtime/ledger.ts";
import { serviceSession, userClient } from "#runtime/user-client.ts";
import { ccdRequests } from "./ccd-requests.ts";
import { repeatableIds } from "./request-ids.ts";

const variables = z.object({
  API_URL: z.url(),
  SHARED_DOCUMENTS: z.enum(["true", "false"]),
});

export const handler = api(() => {
  const env = environment(variables);
  const client = userClient();
  const s3 = s3Client();
  const bucket = bucketFromEnvironment(s3);
  return {
    handle: ccdRequests({
      matchPatient: (parameters, signal) => matchPatient(client, "r4", parameters, signal),
      requests: ccdRequestsFromEnvironment(),
      executions: executionsFromEnvironment(),
      documents: ccdDocumentLinks(s3, bucket),
      repeatableId: repeatableIds(apiSecretFromEnvironment()),
      sessionId: serviceSession,
      shared: env.SHARED_DOCUMENTS === "true",
      apiUrl: env.API_URL.replace(/\/$/, ""),
      now: Date.now,
      sleep: (ms) => sleep(ms),
    }),
    accesses: accessRecords(bucket),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
