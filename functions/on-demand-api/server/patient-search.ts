import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { askForPage, type FhirPage, type PageResource, type UserClient } from "#user-session/fhir-page.ts";
import type { PatientSearchEndpoint } from "#user-session/language/user-endpoints.ts";
import type { UserServer } from "#user-session/user-server.ts";
import { nextPage, resourceSearchUrl } from "./resource-read.ts";

/** Who was found. `contradicted`: the server did not search by what was asked, so its answer names nobody. */
export type PatientMatch =
  | { match: "none" }
  | { match: "one"; patientId: string }
  /** `complete`: whether these are all of them. */
  | { match: "many"; patientIds: string[]; complete: boolean }
  | { match: "contradicted"; patientIds: string[] };

/** Pages of one search that are followed. Who matches more patients than fit in there must ask more precisely. */
const mostPages = 10;

/** A fixed order, so that the same question is the same URL. */
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
 * The first page of a patient search, as the server sent it, and the ids in it. A bare Patient, as in the guide's own
 * sample, is a page with one match.
 * @throws as `askForPage`; ServerUnavailable, too, where a patient has no id
 */
export async function searchPatients(
  client: UserClient,
  endpoint: PatientSearchEndpoint,
  parameters: PatientSearchParameters,
  signal?: AbortSignal,
): Promise<FhirPage & { patientIds: string[] }> {
  const url = patientSearchUrl(client.server, endpoint, parameters);
  const page = await askForPage(client, url, "the patient search", signal);
  return { ...page, patientIds: patientsOf(page).map(({ id }) => id) };
}

/**
 * Who matches: all pages, at most ten, are read. A patient whose birth date or gender is another one than asked shows that
 * the server left a parameter out of account; then nobody is taken for the one.
 * @throws as `searchPatients`; ServerUnavailable, too, where ten pages do not tell whether there is one match
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
    page = await nextPage(client, page.next, signal);
  }
  return judged(found, parameters, page.next === undefined);
}

function judged(
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
    throw new ServerUnavailable(`the patient search has no end: ${mostPages} pages with one match or none`);
  return patientId === undefined ? { match: "none" } : { match: "one", patientId };
}

/** Whether a patient's own record says something else than what was asked. What it does not say contradicts nothing. */
function contradicts({ birthDate, gender }: PageResource, asked: PatientSearchParameters): boolean {
  // What has a comparator (ge1996) is the server's to judge.
  const plainDate = /^\d{4}(-\d\d(-\d\d)?)?$/.test(asked.birthdate ?? "") ? asked.birthdate : undefined;
  const otherDate = plainDate !== undefined && birthDate !== undefined && !samePeriod(birthDate, plainDate);
  const otherGender = asked.gender !== undefined && gender !== undefined && !codesOf(asked.gender).includes(gender);
  return otherDate || otherGender;
}

/** FHIR's dates may be a year or a month only: the shorter one is all that can be compared. */
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
    if (resource.id === undefined) throw new ServerUnavailable("the server found a patient without an id");
    return [{ ...resource, id: resource.id }];
  });
}
