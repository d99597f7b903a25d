import * as z from "zod";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request.ts";
import { fhirResourceType } from "./fhir-resource-types.ts";

/** Who counts as one caller: each session of a role, or the role. */
export const callerUnits = ["sessions", "roles"] as const;

/**
 * One call of the API, for the audit trail: who, which route, what, when, what came of it. Whose data were asked for is not
 * in it: neither ids of resources nor parameters. Whom a request for CCDs is about, its own record says.
 */
export const apiAccess = z.strictObject({
  version: z.literal("1"),
  /** API Gateway's id of the call, which its access log and the caller's error carry as well. */
  requestId: z.string().min(1),
  /** Who really called, a role's session included. Null where the caller was not known, and so was refused. */
  caller: z.string().nullable(),
  /** The route's key, with its placeholders: `GET /fhir/{resourceType}/{id}`. */
  route: z.string(),
  /** The type of the resources that were asked for; null elsewhere. */
  resourceType: fhirResourceType.nullable(),
  /** The request for CCDs that was made or asked for, and which of its documents; null elsewhere. */
  ccdRequestId: ccdRequestId.nullable(),
  document: z.number().int().positive().nullable(),
  at: z.iso.datetime(),
  status: z.number().int(),
});

export type ApiAccess = z.infer<typeof apiAccess>;
