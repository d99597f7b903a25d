import type { Bundle, Patient, Resource } from "fhir/r4.d.ts";
import type { Api } from "./client.ts";
import { type UsableLink, under } from "./links.ts";

/** What a patient search needs (guide, "API to Fetch Patient ID"): birth date, gender, and a telephone number or an email address. */
export interface Demographics {
  family: string;
  given: string;
  gender: string;
  birthdate: string;
  phone: string;
  email: string;
}

/** A patient as a list shows one. */
export interface FoundPatient {
  id: string;
  name: string;
  /** Undefined if only the id of the patient was read. */
  birthDate: string | undefined;
  gender: string | undefined;
}

export interface PatientPage {
  patients: FoundPatient[];
  /** The link to further matches; undefined if there are none. */
  next: string | undefined;
}

/**
 * Searches for patients by POST, so that no demographic value is in a URL.
 * @param link undefined for the stage's own session
 * @throws ApiFailure
 */
export async function searchPatients(
  api: Api,
  demographics: Demographics,
  link: UsableLink | undefined,
): Promise<PatientPage> {
  const given = Object.entries(demographics).filter(([, value]) => value.trim() !== "");
  const body = new URLSearchParams(given.map(([name, value]) => [name, value.trim()]));
  return pageOf(await api.json("/fhir/Patient/_search", { method: "POST", headers: under(link), body }));
}

/**
 * Further matches of a search.
 * @param place the search's `next`
 * @param link the one of the search
 * @throws ApiFailure
 */
export const nextPatients = async (api: Api, place: string, link: UsableLink | undefined): Promise<PatientPage> =>
  pageOf(await api.json(place, { headers: under(link) }));

/** The patients of a Bundle, or of a bare Patient, as the guide's own sample is one. */
export function pageOf(answer: Bundle | Patient): PatientPage {
  if (answer.resourceType === "Patient") return { patients: [foundPatient(answer)], next: undefined };
  const resources = (answer.entry ?? []).map(({ resource }) => resource);
  return {
    patients: resources.filter(isPatient).map(foundPatient),
    next: answer.link?.find(({ relation }) => relation === "next")?.url,
  };
}

const isPatient = (resource: Resource | undefined): resource is Patient => resource?.resourceType === "Patient";

function foundPatient({ id = "", name = [], birthDate = "unknown", gender = "unknown" }: Patient): FoundPatient {
  const [first] = name;
  const parts = [...(first?.given ?? []), first?.family].filter((part) => part !== undefined && part !== "");
  return { id, name: first?.text ?? (parts.join(" ") || "No name"), birthDate, gender };
}
