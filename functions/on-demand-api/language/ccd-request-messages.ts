import * as z from "zod";
import { ccdDocument, ccdFailure, ccdRequestRecord, refusedCcd } from "#ccd-retrieval/language/ccd-request.ts";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import { instant } from "#platform/fhir/instant.ts";
import { linkId } from "#user-session/language/link-id.ts";
import { patientSearchParameters } from "./patient-search.ts";

const { gender, birthdate, phone, email, given, family } = patientSearchParameters.shape;

/** The patient of a CCD request, if the caller does not know the id: the guide's combinations (`patient-search.ts`). */
export const ccdPatient = z
  .strictObject({ gender: gender.unwrap(), birthDate: birthdate.unwrap(), phone, email, given, family })
  .refine(({ phone: p, email: e }) => p !== undefined || e !== undefined, "phone or email is needed")
  .meta({ anyOf: [{ required: ["phone"] }, { required: ["email"] }] });

export type CcdPatient = z.infer<typeof ccdPatient>;

/** The body of a POST to /ccd-requests. The metadata repeats the refinements as JSON Schema, for the API's description. */
export const ccdRequestBody = z
  .strictObject({
    link: linkId
      .optional()
      .describe(
        "Your link under which the request is made. The header Integra-Link says the same. Without one, the stage's own session serves.",
      ),
    patientId: fhirId.optional().describe("The patient's id, as a patient search returns it."),
    patient: ccdPatient.optional().describe("The search for the patient. Exactly one patient must match."),
    startDate: instant
      .optional()
      .describe("The start of the requested period: a FHIR instant, such as 2026-01-31T00:00:00Z."),
    endDate: instant.optional().describe("The end of the requested period: a FHIR instant, not before startDate."),
  })
  .refine((body) => (body.patientId === undefined) !== (body.patient === undefined), "either patientId or patient")
  .refine(
    ({ startDate, endDate }) =>
      startDate === undefined || endDate === undefined || Date.parse(startDate) <= Date.parse(endDate),
    "startDate is after endDate",
  )
  .meta({ oneOf: [{ required: ["patientId"] }, { required: ["patient"] }] });

export type CcdRequestBody = z.infer<typeof ccdRequestBody>;

/** A CCD request as its caller sees it. */
export const ccdRequestView = z.strictObject({
  requestId: ccdRequestId,
  state: ccdRequestRecord.shape.state,
  requestedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  failure: ccdFailure
    .nullable()
    .describe("Why the request failed: a name that never changes, and a message for people."),
  documents: z
    .array(ccdDocument.omit({ key: true }).extend({ href: z.url().describe("GET this URL to read the document.") }))
    .describe(
      "One item for each document, in order of their numbers. Empty until the request is ready. Of a document that describes " +
        "itself with more than 500 kB, the texts are cut to 100 characters, and 500 sections are listed.",
    ),
  next: z
    .url()
    .optional()
    .describe("GET this URL for the documents that follow. Absent if this response lists the last of them."),
  refused: z
    .array(refusedCcd)
    .describe("The documents that were refused while others landed. They cannot be read; the operator has them."),
});

export type CcdRequestView = z.infer<typeof ccdRequestView>;

/** A CCD request in its caller's list. GET the request for its documents. */
export const listedCcdRequest = ccdRequestView.pick({
  requestId: true,
  state: true,
  requestedAt: true,
  endedAt: true,
  failure: true,
});

/** A page of the caller's CCD requests. */
export const ccdRequestPage = z.strictObject({
  requests: z.array(listedCcdRequest),
  next: z.url().optional().describe("GET this URL for the requests that follow. Absent on the last page."),
});

export type CcdRequestPage = z.infer<typeof ccdRequestPage>;
