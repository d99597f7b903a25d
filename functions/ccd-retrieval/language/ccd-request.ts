import * as z from "zod";
import { knownPatient } from "./known-patient.ts";

/*
 * A request for a patient's CCDs, from the caller's POST to its documents. The patient is named in the request's own
 * record and in the documents, and nowhere else: execution input and names, events, keys and logs carry the request's id.
 */

/** Also the execution's name and the S3 prefix. Random, or an HMAC of caller and Idempotency-Key: it names nobody. */
export const ccdRequestId = z.string().regex(/^ccd-[0-9a-f]{32}$/);

/** What is asked of IntegraConnect. Instants are FHIR's (`export-request.ts`, `instant`). */
export const ccdOrder = z.strictObject({
  patientId: z.string(),
  startDate: z.string().nullable(),
  endDate: z.string().nullable(),
});
export type CcdOrder = z.infer<typeof ccdOrder>;

/** Why a request failed, in words for its caller: never a patient's. */
export const ccdFailure = z.strictObject({ name: z.string(), message: z.string() });
export type CcdFailure = z.infer<typeof ccdFailure>;

/** The request's own record, encrypted by the bridge's key. */
export const ccdRequestRecord = z.strictObject({
  requestId: ccdRequestId,
  /** Who asked: the IAM principal's ARN, or the JWT's issuer and subject. Only this caller sees the documents. */
  caller: z.string(),
  /** The user session that the request is made under. */
  sessionId: z.string(),
  order: ccdOrder,
  /** What the server knew of the patient when it was asked; absent before that, and once the request has ended. */
  patient: knownPatient.optional(),
  /** What a retried POST must equal, where it came with an Idempotency-Key: a digest of its body. */
  bodyDigest: z.string(),
  requestedAt: z.iso.datetime(),
  state: z.enum(["pending", "ready", "failed"]),
  /** IntegraConnect's own id of the request, once it gave one. */
  serverRequestId: z.string().nullable(),
  failure: ccdFailure.nullable(),
  endedAt: z.iso.datetime().nullable(),
});
export type CcdRequestRecord = z.infer<typeof ccdRequestRecord>;

/** One document that landed. What names the patient is in the document alone. */
export const ccdDocument = z.strictObject({
  number: z.number().int().positive().describe("From 1, as the API numbers them."),
  key: z.string(),
  bytes: z.number().int().nonnegative(),
  title: z.string().nullable(),
  encounterIds: z.array(z.string()).describe("Of the encounter that the document is about."),
  effectiveTime: z
    .string()
    .nullable()
    .describe("ISO 8601, no more exact, and in no other zone, than the document has it."),
  encounterStart: z.string().nullable(),
  encounterEnd: z.string().nullable(),
  sections: z.array(
    z.strictObject({ code: z.string().nullable(), title: z.string().nullable(), hasEntries: z.boolean() }),
  ),
});
export type CcdDocument = z.infer<typeof ccdDocument>;

/** `ccds/{requestId}/documents.json`: written once, when every document stands. */
export const ccdDocuments = z.strictObject({ requestId: ccdRequestId, documents: z.array(ccdDocument) });
export type CcdDocuments = z.infer<typeof ccdDocuments>;
