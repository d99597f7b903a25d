import * as z from "zod";

/** The resource types that IntegraConnect serves on demand (guide, "List of FHIR R4 APIs"). */
export const fhirResourceTypes = [
  "AllergyIntolerance",
  "Account",
  "Appointment",
  "CarePlan",
  "CareTeam",
  "ClinicalImpression",
  "Condition",
  "Coverage",
  "DeviceRequest",
  "Device",
  "DiagnosticReport",
  "DocumentReference",
  "Encounter",
  "FamilyMemberHistory",
  "Goal",
  "Immunization",
  "Location",
  "Medication",
  "MedicationRequest",
  "Observation",
  "Organization",
  "Patient",
  "Practitioner",
  "PractitionerRole",
  "Procedure",
  "Provenance",
  "RelatedPerson",
  "ServiceRequest",
  "Task",
] as const;

export const fhirResourceType = z.enum(fhirResourceTypes);

export type FhirResourceType = z.infer<typeof fhirResourceType>;

/** Belong to no patient: FHIR R4 gives them no search parameter `patient`. */
const ofNoPatient: ReadonlySet<FhirResourceType> = new Set([
  "Location",
  "Medication",
  "Organization",
  "Practitioner",
  "PractitionerRole",
]);

/**
 * Whether resources of a type can be searched by `patient`. A Patient has no such parameter either: it is found by the
 * guide's own parameters (`patient-search.ts`).
 */
export function hasPatientParameter(type: FhirResourceType): boolean {
  return type !== "Patient" && !ofNoPatient.has(type);
}

/** One search parameter, with its modifier if it has one; a name may come more than once. */
export const searchParameter = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/, "is no name of a search parameter"),
  value: z.string().min(1, "is empty").max(2_000, "is too long"),
});

export type SearchParameter = z.infer<typeof searchParameter>;
