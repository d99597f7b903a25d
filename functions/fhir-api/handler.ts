import * as z from "zod";
import { searchPatients } from "#integra/patient-search.ts";
import { nextPage, readResource, searchResources } from "#integra/resource-read.ts";
import { accessRecords } from "#landing/access-records.ts";
import { api } from "#runtime/api.ts";
import { authorizerKind } from "#runtime/api-caller.ts";
import { environment } from "#runtime/environment.ts";
import { bucketFromEnvironment, s3Client } from "#runtime/landing.ts";
import { secretReader } from "#runtime/secret-reader.ts";
import { userClient } from "#runtime/user-client.ts";
import { type Cursors, cursors } from "./cursors.ts";
import { fhirApi } from "./fhir-api.ts";

const variables = z.object({ API_URL: z.url(), API_AUTHORIZER: authorizerKind, CURSOR_SECRET: z.string().min(1) });

export const handler = api(() => {
  const env = environment(variables);
  const client = userClient();
  return {
    handle: fhirApi({
      searchPatients: (endpoint, parameters, signal) => searchPatients(client, endpoint, parameters, signal),
      searchResources: (type, parameters, signal) => searchResources(client, type, parameters, signal),
      readResource: (type, id, signal) => readResource(client, type, id, signal),
      nextPage: (url, signal) => nextPage(client, url, signal),
      cursors: cursorsBy(env.CURSOR_SECRET),
      apiUrl: env.API_URL.replace(/\/$/, ""),
    }),
    accesses: accessRecords(bucketFromEnvironment(s3Client())),
    authorizer: env.API_AUTHORIZER,
    now: Date.now,
  };
});

/** The secret is read once per container, as soon as somebody searches. */
function cursorsBy(secretName: string): () => Promise<Cursors> {
  const read = secretReader(secretName);
  let known: Cursors | undefined;
  return async () => {
    if (known !== undefined) return known;
    const secret = await read();
    if (secret === undefined) throw new Error(`the cursors' secret ${secretName} is missing`);
    known = cursors(secret.text, Date.now);
    return known;
  };
}
