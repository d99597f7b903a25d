import * as z from "zod";
import { exportId } from "#bulk-export/language/export-id.ts";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import { linkId } from "#user-session/language/link-id.ts";
import { servedForms } from "./document-forms.ts";
import { fhirResourceType } from "./fhir-resource-types.ts";

/** What counts as one caller: each session of a role, or the role. */
export const callerUnits = ["sessions", "roles"] as const;

/**
 * One call of the API, for the audit trail: who called which route, when, and with which result. The record never
 * identifies a patient: it has neither resource ids nor search parameters. The record of a CCD request names its patient.
 */
export const apiAccess = z.strictObject({
  version: z.literal("1"),
  /** API Gateway's id of the call. API Gateway's access log and the caller's error have the same id. */
  requestId: z.string().min(1),
  /** The principal that called, with its role session. Null if the caller was refused as unknown, and on routes for browsers. */
  caller: z.string().nullable(),
  /** The route's key, with its placeholders: `GET /fhir/{resourceType}/{id}`. */
  route: z.string(),
  /** The type of the requested resources; null for other routes. */
  resourceType: fhirResourceType.nullable(),
  /** The CCD request that the call created or read, and the number of the document; null for other routes. */
  ccdRequestId: ccdRequestId.nullable(),
  document: z.number().int().positive().nullable(),
  /** The form in which the document was served. Absent if none was. */
  form: z.enum(servedForms).optional(),
  /** The export that the call created, read, cancelled or resumed, and the number of the file. Absent on other routes. */
  exportId: exportId.optional(),
  file: z.number().int().positive().optional(),
  /** The link that the call created, read or removed, or under which it was made; null for other calls. */
  linkId: linkId.nullable(),
  at: z.iso.datetime(),
  status: z.number().int(),
});

export type ApiAccess = z.infer<typeof apiAccess>;
