import * as z from "zod";
import {
  ccdDocument,
  ccdFailure,
  ccdRequestId,
  ccdRequestRecord,
  refusedCcd,
} from "#ccd-retrieval/language/ccd-request.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import { instant } from "#platform/fhir/instant.ts";
import { patientSearchParameters } from "./patient-search.ts";

const { gender, birthdate, phone, email, given, family } = patientSearchParameters.shape;

/** Whose documents, where the patient's id is not known: the guide's combinations (`patient-search.ts`). */
export const ccdPatient = z
  .strictObject({ gender: gender.unwrap(), birthDate: birthdate.unwrap(), phone, email, given, family })
  .refine(({ phone: p, email: e }) => p !== undefined || e !== undefined, "phone or email is needed")
  .meta({ anyOf: [{ required: ["phone"] }, { required: ["email"] }] });

export type CcdPatient = z.infer<typeof ccdPatient>;

/** The body of a POST to /ccd-requests. What its refinements say is in its metadata as well, as JSON Schema has it. */
export const ccdRequestBody = z
  .strictObject({
    patientId: fhirId.optional().describe("The patient's id, as a search for patients gives it."),
    patient: ccdPatient.optional().describe("What the patient is found by: exactly one must match."),
    startDate: instant
      .optional()
      .describe("A FHIR instant: 2026-01-31T00:00:00Z. IntegraConnect is asked from then on."),
    endDate: instant.optional().describe("A FHIR instant, not before startDate: IntegraConnect is asked up to then."),
  })
  .refine((body) => (body.patientId === undefined) !== (body.patient === undefined), "either patientId or patient")
  .refine(
    ({ startDate, endDate }) =>
      startDate === undefined || endDate === undefined || Date.parse(startDate) <= Date.parse(endDate),
    "startDate is after endDate",
  )
  .meta({ oneOf: [{ required: ["patientId"] }, { required: ["patient"] }] });

export type CcdRequestBody = z.infer<typeof ccdRequestBody>;

/** What a client sends to say that a request is the same one again (IETF draft, "The Idempotency-Key HTTP Header Field"). */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters");

/** A request for CCDs as its caller sees it. */
export const ccdRequestAnswer = z.strictObject({
  requestId: ccdRequestId,
  state: ccdRequestRecord.shape.state,
  requestedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  failure: ccdFailure.nullable().describe("Why it failed, by a name that stays and in words for people."),
  documents: z
    .array(ccdDocument.omit({ key: true }).extend({ href: z.url().describe("Where the document is asked for.") }))
    .describe("One a document, in their order; empty until the request is ready."),
  refused: z
    .array(refusedCcd)
    .describe("The documents that were refused while others landed. They cannot be read; the operator has them."),
});

export type CcdRequestAnswer = z.infer<typeof ccdRequestAnswer>;
