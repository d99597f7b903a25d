import * as z from "zod";
import { ccdRequestId } from "./ccd-request-id.ts";
import { documentRefusalReasons } from "./document-faults.ts";
import { knownPatient } from "./known-patient.ts";

/*
 * A CCD request: ours, from the caller's POST to the documents. Only its record and its documents identify the patient.
 * Execution names and inputs, events, keys and logs carry the request's id instead.
 */

/** What a CCD request asks for: a patient's id and a period. Dates are FHIR instants (`platform/fhir/instant.ts`). */
export const ccdOrder = z.strictObject({
  patientId: z.string(),
  startDate: z.string().nullable(),
  endDate: z.string().nullable(),
});
export type CcdOrder = z.infer<typeof ccdOrder>;

/** Why a CCD request failed. The message is for its caller and says nothing about the patient. */
export const ccdFailure = z.strictObject({ name: z.string(), message: z.string() });
export type CcdFailure = z.infer<typeof ccdFailure>;

/** The record of a CCD request, encrypted with the bridge's key. */
export const ccdRequestRecord = z.strictObject({
  requestId: ccdRequestId,
  /** The caller: the IAM principal's ARN, or the JWT's issuer and subject. Only this caller sees the documents. */
  caller: z.string(),
  /** The user session that makes the server request. */
  sessionId: z.string(),
  order: ccdOrder,
  /** The server's Patient, read before the server request. Absent before that read, and again once the request has ended. */
  patient: knownPatient.optional(),
  /** A digest of the POST's body. If a POST with an Idempotency-Key is repeated, its body must have the same digest. */
  bodyDigest: z.string(),
  requestedAt: z.iso.datetime(),
  state: z.enum(["pending", "ready", "failed"]),
  /** The id of the server request; null until IntegraConnect has given it. */
  serverRequestId: z.string().nullable(),
  failure: ccdFailure.nullable(),
  endedAt: z.iso.datetime().nullable(),
});
export type CcdRequestRecord = z.infer<typeof ccdRequestRecord>;

/** One document that landed. Only the document itself identifies the patient. */
export const ccdDocument = z.strictObject({
  number: z.number().int().positive().describe("The document's number in the API, from 1."),
  key: z.string(),
  bytes: z.number().int().nonnegative(),
  title: z.string().nullable(),
  encounterIds: z.array(z.string()).describe("The ids of the encounter that the document is about."),
  effectiveTime: z.string().nullable().describe("ISO 8601, with the document's own precision and time zone."),
  encounterStart: z.string().nullable(),
  encounterEnd: z.string().nullable(),
  sections: z.array(
    z.strictObject({ code: z.string().nullable(), title: z.string().nullable(), hasEntries: z.boolean() }),
  ),
});
export type CcdDocument = z.infer<typeof ccdDocument>;

/** One document that was refused by itself, while others landed. It gives nothing of the document's name or content. */
export const refusedCcd = z.strictObject({
  number: z.number().int().positive().describe("The document's number. No document that landed has it."),
  reason: z.enum(documentRefusalReasons).describe("Why the document was refused."),
});
export type RefusedCcd = z.infer<typeof refusedCcd>;

/** A file of the archive that is no document: a stylesheet, a README, a PDF. It is never served. Its name may identify the patient. */
export const companion = z.strictObject({ name: z.string(), bytes: z.number().int().nonnegative() });
export type Companion = z.infer<typeof companion>;

/** `ccds/{requestId}/documents.json`: written once, after every document has landed. */
export const ccdDocuments = z.strictObject({
  requestId: ccdRequestId,
  documents: z.array(ccdDocument),
  /** Absent if no document was refused. */
  refused: z.array(refusedCcd).optional(),
  /** Absent if the archive held documents only. */
  companions: z.array(companion).optional(),
});
export type CcdDocuments = z.infer<typeof ccdDocuments>;
