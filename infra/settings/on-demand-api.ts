import * as z from "zod";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { serverUrl } from "./server-url.ts";

const exportCallers = z.array(z.string().min(1).max(300)).max(20).default([]);

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
    /** Whether calls that name no link are made under the stage's own user session. */
    serviceSession: z.boolean().default(true),
    /**
     * The limits of each open route, such as `GET /.well-known/jwks.json`. Anybody can call it, so it must not use up those of the
     * API.
     */
    openThrottle: z
      .strictObject({
        callsPerSecond: z.number().int().min(1).max(10_000).default(5),
        burst: z.number().int().min(1).max(5_000).default(10),
      })
      .prefault({}),
    /**
     * A name of the user's own for the API, and the ARN of its certificate, which ACM must have issued in the stage's region.
     * Callers then reach the API by this name only: API Gateway's own address is closed. The name stays if the API is
     * replaced. The stack's outputs `DomainTarget` and `DomainHostedZoneId` are for the DNS record (README).
     */
    domain: z
      .strictObject({
        name: z
          .string()
          .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/, "must be a lower-case domain name"),
        certificateArn: z.string().regex(/^arn:aws[\w-]*:acm:/, "must be the ARN of a certificate in ACM"),
      })
      .optional(),
    /**
     * The URL that callers use if a proxy of the user's is in front of the API. The links in answers start with it. The
     * proxy still needs the address behind it, so this closes no address.
     */
    publicUrl: serverUrl.optional(),
    /**
     * Who is one caller, if calls are signed. `sessions`: each session of a role, so that people who share a role stay
     * apart. `roles`: the role, for services whose sessions come and go.
     */
    callers: z.enum(callerUnits).default("sessions"),
    /**
     * Who may use exports over HTTP: request and resume them (`ask`), cancel them, and read their files. Each entry is the ARN of an IAM
     * user, role or session, or the subject of a JWT. Whoever is in one of the lists sees all exports. Default: nobody.
     */
    exports: z.strictObject({ ask: exportCallers, cancel: exportCallers, read: exportCallers }).prefault({}),
    /** Whether each caller may read the CCDs that other callers requested. */
    sharedDocuments: z.boolean().default(false),
  })
  .prefault({});

export type ApiSettings = z.infer<typeof api>;
