import * as z from "zod";

/**
 * One call of the API, for the audit trail: who, which route, when, what came of it. Whose data were asked for is not in
 * it: neither ids nor parameters.
 */
export const apiAccess = z.strictObject({
  version: z.literal("1"),
  /** API Gateway's id of the call, which its access log and the caller's error carry as well. */
  requestId: z.string().min(1),
  /** Null where the caller was not known, and so was refused. */
  caller: z.string().nullable(),
  /** The route's key, with its placeholders: `GET /fhir/{resourceType}/{id}`. */
  route: z.string(),
  at: z.iso.datetime(),
  status: z.number().int(),
});

export type ApiAccess = z.infer<typeof apiAccess>;
