import * as z from "zod";

const value = z.string().min(1, "is empty").max(256, "is too long");

/**
 * The parameters of a patient search (guide, "API to Fetch Patient ID"; `family` is in the guide's example only). The guide
 * names four combinations: gender, birthdate, and phone or email, each with or without given. The bridge leaves it to the
 * server which combinations and values it accepts, because the server's refusals say why.
 */
export const patientSearchParameters = z
  .strictObject({
    family: value.describe("The family name."),
    given: value.describe("Part of the given name."),
    gender: value.describe("The administrative gender, a FHIR code: male, female, other or unknown."),
    birthdate: value.describe("The date of birth, such as 1996-07-08."),
    phone: value.describe("A telephone number of the patient."),
    email: value.describe("An email address of the patient."),
  })
  .partial()
  .refine((parameters) => Object.keys(parameters).length > 0, "at least one search parameter is needed")
  .meta({ minProperties: 1 });

export type PatientSearchParameters = z.infer<typeof patientSearchParameters>;
