import * as z from "zod";
import type { FhirResourceType } from "./fhir-resource-types.ts";

/**
 * The US Core profiles that IntegraConnect serves, by the type of their resources (guide, "List of US Core FHIR Resources").
 * The guide's USCoreConditionCode is a search parameter of the profile us-core-condition.
 */
export const usCoreProfiles = {
  AllergyIntolerance: ["us-core-allergyintolerance"],
  CarePlan: ["us-core-careplan"],
  CareTeam: ["us-core-careteam"],
  Condition: ["us-core-condition"],
  Device: ["us-core-implantable-device"],
  DiagnosticReport: ["us-core-diagnosticreport-lab", "us-core-diagnosticreport-note"],
  DocumentReference: ["us-core-documentreference"],
  Encounter: ["us-core-encounter"],
  Goal: ["us-core-goal"],
  Immunization: ["us-core-immunization"],
  Location: ["us-core-location"],
  Medication: ["us-core-medication"],
  MedicationRequest: ["us-core-medicationrequest"],
  Observation: [
    "us-core-observation-lab",
    "pediatric-bmi-for-age",
    "head-occipital-frontal-circumference-percentile",
    "pediatric-weight-for-height",
    "us-core-pulse-oximetry",
    "us-core-smokingstatus",
  ],
  Organization: ["us-core-organization"],
  Patient: ["us-core-patient"],
  Practitioner: ["us-core-practitioner"],
  PractitionerRole: ["us-core-practitionerrole"],
  Procedure: ["us-core-procedure"],
  Provenance: ["us-core-provenance"],
} as const satisfies Partial<Record<FhirResourceType, readonly string[]>>;

/** The types of resource that IntegraConnect serves by US Core's profiles. */
export const usCoreType = z.enum(Object.keys(usCoreProfiles) as (keyof typeof usCoreProfiles)[]);

export type UsCoreType = z.infer<typeof usCoreType>;

/** The canonical URLs of a type's profiles begin with this. */
export const profileBase = "http://hl7.org/fhir/us/core/StructureDefinition/";

/** Resources of one type as a path below /fhir: `Observation`, or `us-core/Observation` by the profiles of US Core. */
export type ResourcePath = FhirResourceType | `us-core/${UsCoreType}`;

/** The type of the resources at a path. */
export const typeAt = (path: ResourcePath): FhirResourceType => path.replace("us-core/", "") as FhirResourceType;
