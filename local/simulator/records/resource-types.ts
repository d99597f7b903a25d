/** The 20 types of the guide's "Supported resources". */
export const RESOURCE_TYPES = [
  "AllergyIntolerance",
  "CarePlan",
  "CareTeam",
  "Condition",
  "Device",
  "DiagnosticReport",
  "DocumentReference",
  "Encounter",
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
] as const;

export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** The 29 types of the guide's "List of FHIR R4 APIs": those that are exported, and nine that are not. */
export const API_TYPES = [
  ...RESOURCE_TYPES,
  "Account",
  "Appointment",
  "ClinicalImpression",
  "Coverage",
  "DeviceRequest",
  "FamilyMemberHistory",
  "RelatedPerson",
  "ServiceRequest",
  "Task",
] as const;

export type ApiType = (typeof API_TYPES)[number];

/** The three kinds of request of the guide's "Types of Bulk Export Requests". */
export type ExportLevel = "Patient" | "Group" | "System";

/** True when the name is one of the 20 supported types; names are case-sensitive. */
export function isResourceType(name: string): name is ResourceType {
  return RESOURCE_TYPES.some((type) => type === name);
}

/** True when the name is one of the 29 types of the FHIR API; names are case-sensitive. */
export function isApiType(name: string): name is ApiType {
  return API_TYPES.some((type) => type === name);
}
