import type { FhirResourceType, SearchParameter } from "#on-demand-api/language/fhir-resource-types.ts";
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
 * Fetches the first page of a search for resources of one type.
 *
 * Source: guide, "API to View Patient Data in CCDA Format", "List of FHIR R4 APIs"; FHIR R4, "RESTful API", `search`.
 * @throws as `fetchFhirPage`
 */
export async function searchResources(
  client: UserClient,
  type: FhirResourceType,
  parameters: readonly SearchParameter[],
  signal?: AbortSignal,
): Promise<FhirPage> {
  const url = resourceSearchUrl(client.server, type, parameters);
  return await fetchFhirPage(client, url, `the search for ${type}`, signal);
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
  type: FhirResourceType,
  id: string,
  signal?: AbortSignal,
): Promise<FhirPage> {
  const subject = `the read of one ${type}`;
  const page = await fetchFhirPage(
    client,
    new URL(`${type}/${encodeURIComponent(id)}`, client.server.fhirUrl),
    subject,
    signal,
  );
  if (page.resources.length === 1 && page.resources[0]?.resourceType === type && page.resources[0].id === id)
    return page;
  throw new ServerUnavailable(`the server answered ${subject} with a different resource`);
}
