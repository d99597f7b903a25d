import * as z from "zod";
import { searchPatients } from "#integra/patient-search.ts";
import { nextPage, readResource, searchResources } from "#integra/resource-read.ts";
import { accessRecords } from "#landing/access-records.ts";
import { api } from "#runtime/api.ts";
import { callerRulesFromEnvironment } from "#runtime/api-caller.ts";
import { apiSecretFromEnvironment } from "#runtime/api-secret.ts";
import { environment } from "#runtime/environment.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { userClient } from "#runtime/user-client.ts";
import { type Cursors, cursors } from "./cursors.ts";
import { fhirApi } from "./fhir-api.ts";

const variables = z.object({ API_URL: z.url() });

export const handler = api(() => {
  const env = environment(variables);
  const client = userClient();
  const secret = apiSecretFromEnvironment();
  let known: Cursors | undefined;
  return {
    handle: fhirApi({
      searchPatients: (endpoint, parameters, signal) => searchPatients(client, endpoint, parameters, signal),
      searchResources: (type, parameters, signal) => searchResources(client, type, parameters, signal),
      readResource: (type, id, signal) => readResource(client, type, id, signal),
      nextPage: (url, signal) => nextPage(client, url, signal),
      cursors: async () => (known ??= cursors(await secret(), Date.now)),
      apiUrl: env.API_URL.replace(/\/$/, ""),
    }),
    accesses: accessRecords(bucketFromEnvironment(s3Client())),
    rules: callerRulesFromEnvironment(),
    now: Date.now,
  };
});
