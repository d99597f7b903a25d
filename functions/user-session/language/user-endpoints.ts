import * as z from "zod";

/** The patient searches of the guide: by FHIR R4's Patient, and by the US Core profile. */
export const patientSearchEndpoints = ["r4", "us-core"] as const;
export type PatientSearchEndpoint = (typeof patientSearchEndpoints)[number];

const pathBelowFhirUrl = z
  .string()
  .regex(/^[\w-]+(?:\/[\w-]+)*$/, "must be a path below fhirUrl, such as us-core/Patient");

/** Their paths below the FHIR base URL, if they differ from the guide's. */
export const patientSearchPaths = z.partialRecord(z.enum(patientSearchEndpoints), pathBelowFhirUrl);

/** How a type is spelled in a path: `MedicationRequest`, or `medicationrequest`. */
export const typeSpellings = ["as-in-fhir", "lower-case"] as const;

/** The paths of the US Core resources other than Patient: their base below the FHIR base URL, and the spelling of the types. */
export const usCorePaths = z.strictObject({
  base: pathBelowFhirUrl.optional(),
  spelling: z.enum(typeSpellings).optional(),
});

export type UsCorePaths = z.infer<typeof usCorePaths>;
