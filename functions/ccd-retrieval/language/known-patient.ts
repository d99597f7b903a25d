import * as z from "zod";

/*
 * The part of the server's Patient resource by which the bridge judges documents. It identifies the patient: only the record
 * of the CCD request holds it, and it is never logged.
 */

/** Longer text is neither a name nor a number of a person. */
const words = z.string().trim().min(1).max(128);

/** A FHIR Identifier that is in force. */
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
  /** All names of the patient, current and old. */
  names: z.array(z.strictObject({ family: words.nullable(), given: z.array(words) })),
});
/** The known details of a person. */
export type Demographics = z.infer<typeof demographics>;

export const knownPatient = z.strictObject({ identifiers: z.array(patientIdentifier), demographics });
/** Everything known about a patient except the id. */
export type KnownPatient = z.infer<typeof knownPatient>;

/** A patient about whom the server gives no details. */
export const nothingKnown: KnownPatient = {
  identifiers: [],
  demographics: { birthDate: null, gender: null, names: [] },
};

/** The patient of a CCD request. */
export interface RequestedPatient extends KnownPatient {
  /** The server's `Patient.id`, as the request has it. */
  patientId: string;
}
