import * as z from "zod";

/** FHIR R4's own Patient, and US Core's. */
export const patientSearchEndpoints = ["r4", "us-core"] as const;
export type PatientSearchEndpoint = (typeof patientSearchEndpoints)[number];

/** Where they are, below the FHIR base, if not where the guide has them. */
export const patientSearchPaths = z.partialRecord(
  z.enum(patientSearchEndpoints),
  z.string().regex(/^[\w-]+(?:\/[\w-]+)*$/, "must be a path below fhirUrl, such as us-core/Patient"),
);
