import * as z from "zod";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { serverUrl } from "./server-url.ts";

/** The HTTP API. */
export const api = z
  .strictObject({
    /** If present, callers send a JWT of this issuer, for one of these audiences. If absent, they sign their calls (SigV4). */
    jwt: z.strictObject({ issuer: serverUrl, audience: z.array(z.string().min(1)).min(1) }).optional(),
    /** The limits of the whole API. Calls above them are answered with 429. */
    throttle: z
      .strictObject({
        callsPerSecond: z.number().int().min(1).max(10_000).default(20),
        burst: z.number().int().min(1).max(5_000).default(40),
      })
      .prefault({}),
    /** The limits of each route that needs no credentials. Calls above them take nothing away from the other routes. */
    openRoutes: z
      .strictObject({
        callsPerSecond: z.number().int().min(1).max(10_000).default(5),
        burst: z.number().int().min(1).max(5_000).default(10),
      })
      .prefault({}),
    /** The URL that callers use, if it is not API Gateway's own. The links in answers start with it. */
    publicUrl: serverUrl.optional(),
    /**
     * Who is one caller, if calls are signed. `sessions`: each session of a role, so that people who share a role stay
     * apart. `roles`: the role, for services whose sessions come and go.
     */
    callers: z.enum(callerUnits).default("sessions"),
    /** Whether each caller may read the CCDs that other callers requested. */
    sharedDocuments: z.boolean().default(false),
  })
  .prefault({});

export type ApiSettings = z.infer<typeof api>;
