import * as z from "zod";
import { ccdDocument, ccdFailure, ccdRequestId, ccdRequestRecord } from "./ccd-request.ts";
import { instant } from "./export-request.ts";
import { fhirId } from "./fhir-resources.ts";
import { patientSearchParameters } from "./patient-search.ts";

const { gender, birthdate, phone, email, given, family } = patientSearchParameters.shape;

/** Whose documents, where the patient's id is not known: the guide's combinations (`patient-search.ts`). */
export const ccdPatient = z
  .strictObject({ gender: gender.unwrap(), birthDate: birthdate.unwrap(), phone, email, given, family })
  .refine(({ phone: p, email: e }) => p !== undefined || e !== undefined, "phone or email is needed");

export type CcdPatient = z.infer<typeof ccdPatient>;

/** The body of a POST to /ccd-requests. */
export const ccdRequestBody = z
  .strictObject({
    patientId: fhirId.optional(),
    patient: ccdPatient.optional(),
    startDate: instant.optional(),
    endDate: instant.optional(),
  })
  .refine((body) => (body.patientId === undefined) !== (body.patient === undefined), "either patientId or patient")
  .refine(
    ({ startDate, endDate }) =>
      startDate === undefined || endDate === undefined || Date.parse(startDate) <= Date.parse(endDate),
    "startDate is after endDate",
  );

export type CcdRequestBody = z.infer<typeof ccdRequestBody>;

/** What a client sends to say that a request is the same one again (IETF draft, "The Idempotency-Key HTTP Header Field"). */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters");

/** A request for CCDs as its caller sees it. */
export const ccdRequestAnswer = z.strictObject({
  requestId: ccdRequestId,
  state: ccdRequestRecord.shape.state,
  requestedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  failure: ccdFailure.nullable(),
  /** Empty until the request is ready. */
  documents: z.array(ccdDocument.omit({ key: true }).extend({ href: z.string() })),
});

export type CcdRequestAnswer = z.infer<typeof ccdRequestAnswer>;
