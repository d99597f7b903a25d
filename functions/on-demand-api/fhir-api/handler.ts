import * as z from "zod";
import { accessRecordsIn } from "#on-demand-api/gateway/access-records.ts";
import { lambdaHandler } from "#on-demand-api/gateway/api.ts";
import { callerRulesFromEnvironment } from "#on-demand-api/gateway/api-caller.ts";
import { apiSecretFromEnvironment } from "#on-demand-api/gateway/api-secret.ts";
import { searchPatients } from "#on-demand-api/server/patient-search.ts";
import { fetchNextPage, readResource, searchResources } from "#on-demand-api/server/resource-read.ts";
import { sessionsFromEnvironment } from "#on-demand-api/server/sessions-from-environment.ts";
import { auditTrailFromEnvironment } from "#platform/bucket/audit-trail.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type Cursors, createCursors } from "./cursors.ts";
import { serveFhirApi } from "./fhir-api.ts";

const variables = z.object({ API_URL: z.url() });

export const handler = lambdaHandler(() => {
  const env = environment(variables);
  const find = sessionsFromEnvironment();
  const secret = apiSecretFromEnvironment();
  let cursors: Cursors | undefined;
  return {
    handle: serveFhirApi({
      findSession: async (caller, linkId) => {
        const { client, ...session } = await find(caller, linkId);
        return {
          ...session,
          fhirUrl: client.server.fhirUrl,
          searchPatients: (endpoint, parameters, signal) => searchPatients(client, endpoint, parameters, signal),
          searchResources: (resources, parameters, signal) => searchResources(client, resources, parameters, signal),
          readResource: (resources, id, signal) => readResource(client, resources, id, signal),
          fetchNextPage: (url, signal) => fetchNextPage(client, url, signal),
        };
      },
      cursors: async () => (cursors ??= createCursors(await secret(), Date.now)),
      apiUrl: env.API_URL.replace(/\/$/, ""),
    }),
    accessRecords: accessRecordsIn(auditTrailFromEnvironment(s3Client())),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
