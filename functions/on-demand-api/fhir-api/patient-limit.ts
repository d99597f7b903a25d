import type { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import {
  type FhirResourceType,
  fhirResourceType,
  hasPatientParameter,
  type SearchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { otherPatient } from "#on-demand-api/language/link-problems.ts";
import { patientElements } from "#on-demand-api/language/patient-references.ts";
import type { FhirPage, PageResource } from "#user-session/fhir-page.ts";

/*
 * A session with one patient serves nobody else. Where the call says whose data it wants, it is refused before the server is asked.
 * What the server answers is checked in any case: a server may ignore a parameter, and a session's user may see further patients.
 */

/**
 * The parameters of a search, limited to one patient: `patient` is added if it is absent.
 * @throws ApiProblem (403) if the search asks for another patient, or for one in a form that cannot be compared
 */
export function limitedSearch(
  type: FhirResourceType,
  parameters: readonly SearchParameter[],
  patient: string,
): SearchParameter[] {
  if (!hasPatientParameter(type)) return [...parameters];
  const named = parameters.filter(({ name }) => /^(?:patient|subject)(?:[.:]|$)/.test(name));
  for (const { name, value } of named) {
    if ((name === "patient" || name === "subject") && isReferenceTo(value, patient)) continue;
    throw otherPatient(`Leave ${name} out, or search by patient with the id of the link's patient.`);
  }
  if (named.some(({ name }) => name === "patient")) return [...parameters];
  return [{ name: "patient", value: patient }, ...parameters];
}

/** @throws ApiProblem (403): a search for patients by personal data finds any patient */
export function refusePatientSearch(): never {
  throw otherPatient(
    "The link serves one patient, so it cannot search for patients. Read the patient by the id of GET /links/{id}.",
  );
}

/** @throws ApiProblem (403) if the read is about another patient, as far as the call says so */
export function limitRead(type: FhirResourceType, id: string, patient: string): void {
  if (type === "Patient" && id !== patient)
    throw otherPatient("The link serves one patient only, and this is another one.");
}

/**
 * Checks that each resource of a page belongs to the patient, or to no patient at all.
 * @throws ApiProblem (403) if one belongs to another patient, or if it is unclear whose it is
 */
export function requirePatient(page: FhirPage, fhirUrl: URL, patient: string): void {
  const accepted = new Set<string>();
  const unproven: PageResource[] = [];
  for (const resource of page.resources) {
    const owner = ownerOf(resource, fhirUrl, patient);
    if (owner === "other") throw foreignResource(resource);
    if (owner === "unclear") unproven.push(resource);
    else accepted.add(`${resource.resourceType}/${resource.id}`);
  }
  // A Provenance of a resource belongs to that resource's patient.
  for (const resource of unproven) {
    const targets = referencesOf(resource, ["target"]).map((reference) => relative(reference, fhirUrl));
    if (resource.resourceType === "Provenance" && targets.length > 0 && targets.every((one) => accepted.has(one)))
      continue;
    throw foreignResource(resource);
  }
}

const foreignResource = ({ resourceType }: PageResource): ApiProblem =>
  otherPatient(
    `The answer has a resource (${fhirResourceType.safeParse(resourceType).data ?? "of another type"}) of another patient, or one that does not say whose it is. The bridge withholds the answer.`,
  );

type Owner = "ours" | "nobody" | "other" | "unclear";

function ownerOf(resource: PageResource, fhirUrl: URL, patient: string): Owner {
  const { resourceType } = resource;
  if (resourceType === "OperationOutcome") return "nobody";
  const type = fhirResourceType.safeParse(resourceType).data;
  if (type === undefined) return "unclear";
  if (type === "Patient") return resource.id === patient ? "ours" : "other";
  const elements = patientElements[type];
  if (elements.length === 0) return "nobody";
  const patients = referencesOf(resource, elements)
    .map((reference) => relative(reference, fhirUrl))
    .filter((reference) => reference.startsWith("Patient/"));
  if (patients.length === 0) return "unclear";
  return patients.every((reference) => reference === `Patient/${patient}`) ? "ours" : "other";
}

/** The literal references at these elements, each of which may be a list (FHIR R4, "References"). */
function referencesOf(resource: PageResource, elements: readonly string[]): string[] {
  return elements.flatMap((path) => {
    let values: unknown[] = [resource];
    for (const name of path.split(".")) values = values.flatMap((value) => membersOf(value, name));
    return values
      .flatMap((value) => membersOf(value, "reference"))
      .filter((reference) => typeof reference === "string");
  });
}

function membersOf(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return [];
  return [(value as Record<string, unknown>)[name]].flat();
}

/** A reference without the server's own base and without a version. An absolute URL elsewhere stays as it is. */
function relative(reference: string, fhirUrl: URL): string {
  const path = reference.startsWith(fhirUrl.href) ? reference.slice(fhirUrl.href.length) : reference;
  return path.replace(/\/_history\/[^/]+$/, "");
}

function isReferenceTo(value: string, patient: string): boolean {
  return value === patient || value === `Patient/${patient}`;
}
