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

/** Resources of these types belong to no patient: FHIR R4 defines no search parameter `patient` for them. */
const withoutPatient: ReadonlySet<FhirResourceType> = new Set([
  "Location",
  "Medication",
  "Organization",
  "Practitioner",
  "PractitionerRole",
]);

/**
 * Whether resources of a type can be searched by `patient`. The type Patient has no such parameter either: patients are
 * found by the guide's own parameters (`patient-search.ts`).
 */
export function hasPatientParameter(type: FhirResourceType): boolean {
  return type !== "Patient" && !withoutPatient.has(type);
}

/** One search parameter. The name includes its modifier, if any. A search may have the same name more than once. */
export const searchParameter = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/, "is not a valid name of a search parameter"),
  value: z.string().min(1, "is empty").max(2_000, "is too long"),
});

export type SearchParameter = z.infer<typeof searchParameter>;
