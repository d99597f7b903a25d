import * as z from "zod";

/** The patient searches of the guide: by FHIR R4's Patient, and by the US Core profile. */
export const patientSearchEndpoints = ["r4", "us-core"] as const;
export type PatientSearchEndpoint = (typeof patientSearchEndpoints)[number];

/** Their paths below the FHIR base URL, if they differ from the guide's. */
export const patientSearchPaths = z.partialRecord(
  z.enum(patientSearchEndpoints),
  z.string().regex(/^[\w-]+(?:\/[\w-]+)*$/, "must be a path below fhirUrl, such as us-core/Patient"),
);
