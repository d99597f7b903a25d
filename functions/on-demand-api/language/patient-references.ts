import type { FhirResourceType } from "./fhir-resource-types.ts";

/**
 * The elements by which a resource says whose it is (FHIR R4, "Compartment Patient", and the search parameter `patient` of each
 * type). A type without one belongs to no patient.
 */
export const patientElements: Record<FhirResourceType, readonly string[]> = {
  AllergyIntolerance: ["patient"],
  Account: ["subject"],
  Appointment: ["participant.actor"],
  CarePlan: ["subject"],
  CareTeam: ["subject"],
  ClinicalImpression: ["subject"],
  Condition: ["subject"],
  Coverage: ["beneficiary"],
  DeviceRequest: ["subject"],
  Device: ["patient"],
  DiagnosticReport: ["subject"],
  DocumentReference: ["subject"],
  Encounter: ["subject"],
  FamilyMemberHistory: ["patient"],
  Goal: ["subject"],
  Immunization: ["patient"],
  Location: [],
  Medication: [],
  MedicationRequest: ["subject"],
  Observation: ["subject"],
  Organization: [],
  Patient: [],
  Practitioner: [],
  PractitionerRole: [],
  Procedure: ["subject"],
  Provenance: ["target"],
  RelatedPerson: ["patient"],
  ServiceRequest: ["subject"],
  Task: ["for"],
};
