import type { SearchParameter } from "#on-demand-api/language/fhir-resource-types.ts";
import { type ResourcePath, typeAt } from "#on-demand-api/language/us-core-types.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { type FhirPage, fetchFhirPage, type UserClient } from "#user-session/fhir-page.ts";
import type { UserServer } from "#user-session/user-server.ts";

/**
 * The URL of a search. Each value is percent-encoded completely, including `+` and `|` (guide, "Download the ndjson file",
 * note on encoding).
 */
export function resourceSearchUrl(
  server: Pick<UserServer, "fhirUrl">,
  path: string,
  parameters: readonly SearchParameter[],
): URL {
  const url = new URL(path, server.fhirUrl);
  const query = parameters.map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  url.search = query.join("&");
  return url;
}

/**
 * The path of resources at the server, below its FHIR base URL. Patient by US Core has the path of the patient search, because
 * the guide spells it in its own way (`us-core/patient`).
 */
export function serverPath(
  { patientSearchPaths, usCorePaths }: Pick<UserServer, "patientSearchPaths" | "usCorePaths">,
  resources: ResourcePath,
): string {
  if (resources === "us-core/Patient") return patientSearchPaths["us-core"];
  const type = typeAt(resources);
  if (resources === type) return type;
  return `${usCorePaths.base}/${usCorePaths.spelling === "lower-case" ? type.toLowerCase() : type}`;
}

/**
 * Fetches the first page of a search for resources of one type.
 *
 * Source: guide, "API to View Patient Data in CCDA Format", "List of FHIR R4 APIs", "List of US Core FHIR Resources"; FHIR R4,
 * "RESTful API", `search`.
 * @throws as `fetchFhirPage`
 */
export async function searchResources(
  client: UserClient,
  resources: ResourcePath,
  parameters: readonly SearchParameter[],
  signal?: AbortSignal,
): Promise<FhirPage> {
  const url = resourceSearchUrl(client.server, serverPath(client.server, resources), parameters);
  return await fetchFhirPage(client, url, `the search for ${resources}`, signal);
}

/**
 * Fetches a further page of a search by the link of the page before it.
 * @throws as `fetchFhirPage`
 */
export async function fetchNextPage(client: UserClient, url: URL, signal?: AbortSignal): Promise<FhirPage> {
  return await fetchFhirPage(client, url, "the search for a further page", signal);
}

/**
 * Fetches one resource by its id. Any other resource in the answer is refused.
 *
 * Source: FHIR R4, "RESTful API", `read`.
 * @throws as `fetchFhirPage`; also ServerUnavailable if the server answers with another resource
 */
export async function readResource(
  client: UserClient,
  resources: ResourcePath,
  id: string,
  signal?: AbortSignal,
): Promise<FhirPage> {
  const subject = `the read of one ${resources}`;
  const type = typeAt(resources);
  const url = new URL(`${serverPath(client.server, resources)}/${encodeURIComponent(id)}`, client.server.fhirUrl);
  const page = await fetchFhirPage(client, url, subject, signal);
  if (page.resources.length === 1 && page.resources[0]?.resourceType === type && page.resources[0].id === id)
    return page;
  throw new ServerUnavailable(`the server answered ${subject} with a different resource`);
}
