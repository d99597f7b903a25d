import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { type FhirPage, fetchFhirPage, type PageResource, type UserClient } from "#user-session/fhir-page.ts";
import type { PatientSearchEndpoint } from "#user-session/language/user-endpoints.ts";
import type { UserServer } from "#user-session/user-server.ts";
import { fetchNextPage, resourceSearchUrl } from "./resource-read.ts";

/**
 * The result of a patient search. `contradicted`: a patient differs from the search parameters, so the server ignored a
 * parameter and its result identifies no patient.
 */
export type PatientMatch =
  | { match: "none" }
  | { match: "one"; patientId: string }
  /** `complete`: whether these are all matching patients. */
  | { match: "many"; patientIds: string[]; complete: boolean }
  | { match: "contradicted"; patientIds: string[] };

/** The pages that are read of one search. A caller whose search matches more patients must search more precisely. */
const mostPages = 10;

/** The order is fixed: the same search always has the same URL. */
const parameterOrder = ["family", "given", "gender", "birthdate", "phone", "email"] as const;

/** The URL of a patient search (guide, "API to Fetch Patient ID", "Configuration"). */
export function patientSearchUrl(
  server: Pick<UserServer, "fhirUrl" | "patientSearchPaths">,
  endpoint: PatientSearchEndpoint,
  parameters: PatientSearchParameters,
): URL {
  const query = parameterOrder.flatMap((name) => {
    const value = parameters[name];
    return value === undefined ? [] : [{ name, value }];
  });
  return resourceSearchUrl(server, server.patientSearchPaths[endpoint], query);
}

/**
 * Fetches the first page of a patient search, as the server sent it, with the ids of its patients. A bare Patient, as in the
 * guide's own sample, is a page with one match.
 * @throws as `fetchFhirPage`; also ServerUnavailable if a patient has no id
 */
export async function searchPatients(
  client: UserClient,
  endpoint: PatientSearchEndpoint,
  parameters: PatientSearchParameters,
  signal?: AbortSignal,
): Promise<FhirPage & { patientIds: string[] }> {
  const url = patientSearchUrl(client.server, endpoint, parameters);
  const page = await fetchFhirPage(client, url, "the patient search", signal);
  return { ...page, patientIds: patientsOf(page).map(({ id }) => id) };
}

/**
 * Searches for one patient. All pages are read, ten at most. If a patient's birth date or gender differs from the search
 * parameters, the server ignored a parameter: then no patient counts as the match.
 * @throws as `searchPatients`; also ServerUnavailable if ten pages do not show whether there is exactly one match
 */
export async function matchPatient(
  client: UserClient,
  endpoint: PatientSearchEndpoint,
  parameters: PatientSearchParameters,
  signal?: AbortSignal,
): Promise<PatientMatch> {
  const found = new Map<string, PageResource>();
  let page: FhirPage = await searchPatients(client, endpoint, parameters, signal);
  for (let pages = 1; ; pages += 1) {
    for (const patient of patientsOf(page)) found.set(patient.id, patient);
    if (page.next === undefined || pages === mostPages) break;
    page = await fetchNextPage(client, page.next, signal);
  }
  return judgeMatches(found, parameters, page.next === undefined);
}

function judgeMatches(
  found: ReadonlyMap<string, PageResource>,
  parameters: PatientSearchParameters,
  complete: boolean,
): PatientMatch {
  const patientIds = [...found.keys()];
  if ([...found.values()].some((patient) => contradicts(patient, parameters)))
    return { match: "contradicted", patientIds };
  const [patientId] = patientIds;
  if (patientIds.length > 1) return { match: "many", patientIds, complete };
  if (!complete)
    throw new ServerUnavailable(
      `the patient search has more than ${mostPages} pages with one match or none: it does not identify the patient`,
    );
  return patientId === undefined ? { match: "none" } : { match: "one", patientId };
}

/** Whether a patient differs from the search parameters. A missing birth date or gender is not a difference. */
function contradicts({ birthDate, gender }: PageResource, parameters: PatientSearchParameters): boolean {
  // Only the server can judge a value with a comparator, such as ge1996.
  const plainDate = /^\d{4}(-\d\d(-\d\d)?)?$/.test(parameters.birthdate ?? "") ? parameters.birthdate : undefined;
  const otherDate = plainDate !== undefined && birthDate !== undefined && !samePeriod(birthDate, plainDate);
  const otherGender =
    parameters.gender !== undefined && gender !== undefined && !codesOf(parameters.gender).includes(gender);
  return otherDate || otherGender;
}

/** A FHIR date may be a year or a month only. Two dates are compared up to the end of the shorter one. */
function samePeriod(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** The codes that a token parameter accepts, without their systems (FHIR R4, "Search", `token`). */
function codesOf(value: string): string[] {
  return value.split(",").map((token) => token.slice(token.lastIndexOf("|") + 1).toLowerCase());
}

function patientsOf(page: FhirPage): (PageResource & { id: string })[] {
  return page.resources.flatMap((resource) => {
    if (resource.resourceType !== "Patient") return [];
    if (resource.id === undefined)
      throw new ServerUnavailable("the server's patient search returned a patient without an id");
    return [{ ...resource, id: resource.id }];
  });
}
