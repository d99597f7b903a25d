import * as z from "zod";

const value = z.string().min(1, "is empty").max(256, "is too long");

/**
 * How patients are found (guide, "API to Fetch Patient ID"; `family` is in its example only). The guide names four
 * combinations: gender, birthdate and phone or email, each with or without given. Which combinations and values are good is
 * left to the server, whose refusals say why.
 */
export const patientSearchParameters = z
  .strictObject({
    family: value.describe("The family name."),
    given: value.describe("A portion of the given name."),
    gender: value.describe("FHIR's administrative gender."),
    birthdate: value.describe("The date of birth: 1996-07-08."),
    phone: value.describe("A telephone number of the patient's."),
    email: value.describe("An e-mail address of the patient's."),
  })
  .partial()
  .refine((parameters) => Object.keys(parameters).length > 0, "at least one search parameter is needed")
  .meta({ minProperties: 1 });

export type PatientSearchParameters = z.infer<typeof patientSearchParameters>;
