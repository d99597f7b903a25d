import * as z from "zod";

/*
 * What the server's Patient resource says of a patient, as far as documents are judged by it. It names the patient: it is
 * kept in a request's own record, and never logged.
 */

/** What is longer is no name and no number of a person. */
const words = z.string().trim().min(1).max(128);

/** FHIR's Identifier, where it is in force. */
export const patientIdentifier = z.strictObject({
  /** A URI by the standard. The guide's samples have `urn:oid:2.16.840.1.113883.2.4.6.3`, `202` and `SSN`. */
  system: words.nullable(),
  value: words,
  /** Codes of its type, such as `MR` for a medical record number (HL7 table 0203). */
  types: z.array(words),
});
export type PatientIdentifier = z.infer<typeof patientIdentifier>;

export const demographics = z.strictObject({
  /** `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  birthDate: z
    .string()
    .regex(/^\d{4}(?:-\d\d){0,2}$/)
    .nullable(),
  /** FHIR's code: `male`, `female`, `other`, `unknown`. */
  gender: words.nullable(),
  /** All that the patient has or had, in use or old. */
  names: z.array(z.strictObject({ family: words.nullable(), given: z.array(words) })),
});
/** What is known of a person. */
export type Demographics = z.infer<typeof demographics>;

export const knownPatient = z.strictObject({ identifiers: z.array(patientIdentifier), demographics });
/** What is known of a patient beside its id. */
export type KnownPatient = z.infer<typeof knownPatient>;

/** Of a patient of whom the server tells nothing. */
export const nothingKnown: KnownPatient = {
  identifiers: [],
  demographics: { birthDate: null, gender: null, names: [] },
};

/** The patient that documents are asked for. */
export interface AskedPatient extends KnownPatient {
  /** The id that the request was made for: the server's `Patient.id`. */
  patientId: string;
}
