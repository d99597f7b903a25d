import * as z from "zod";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { serverUrl } from "./server-url.ts";

const exportCallers = z.array(z.string().min(1).max(300)).max(20).default([]);

const domainName = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/, "must be a lower-case domain name");

/** The HTTP API. */
export const api = z
  .strictObject({
    /** If present, callers send a JWT of this issuer, for one of these audiences. If absent, they sign their calls (SigV4). */
    jwt: z
      .strictObject({
        issuer: serverUrl,
        audience: z.array(z.string().min(1)).min(1),
        /** Whether callers may sign their calls as well. The paths of calls with a token then begin with `/jwt`. */
        besideSignatures: z.boolean().default(false),
      })
      .optional(),
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
        name: domainName,
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
     * user, role or session, or the subject of a JWT. Whoever is in one of the lists sees all exports, and the health of
     * the stage. Default: nobody.
     */
    exports: z.strictObject({ ask: exportCallers, cancel: exportCallers, read: exportCallers }).prefault({}),
    /** Whether each caller may read the CCDs that other callers requested. */
    sharedDocuments: z.boolean().default(false),
  })
  .prefault({});

export type ApiSettings = z.infer<typeof api>;

const origin = serverUrl.refine(
  (text) => URL.parse(text)?.href === `${URL.parse(text)?.origin}/`,
  "must be an origin, without a path or query",
);

/** The web console. Its users sign in at the issuer of `api.jwt`. If absent, the stage has no console. */
export const webConsole = z
  .strictObject({
    /** The client that is registered with the issuer: public, with PKCE, and with the console's URL as its redirect URI. */
    clientId: z.string().min(1),
    scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)).default(["openid"]),
    /** Further parameters of the authorization request. Some issuers need `audience` for a token that the API accepts. */
    parameters: z.record(z.string().min(1), z.string().min(1)).default({}),
    /** The origins of the issuer's endpoints that differ from the issuer's own, such as the domain of a Cognito user pool. */
    endpointOrigins: z.array(origin).default([]),
    /** Minutes without a key or a pointer until a user is signed out. */
    idleMinutes: z.number().int().min(1).max(120).default(15),
    /** A name of the user's own for the console, and the ARN of its certificate, which ACM must have issued in us-east-1. */
    domain: z
      .strictObject({
        name: domainName,
        certificateArn: z
          .string()
          .regex(/^arn:aws[\w-]*:acm:us-east-1:/, "must be the ARN of a certificate in us-east-1"),
      })
      .optional(),
    /** The ARN of a web ACL of AWS WAF (scope CLOUDFRONT), which limits who reaches the console. */
    webAclArn: z
      .string()
      .regex(/^arn:aws[\w-]*:wafv2:/, "must be the ARN of a web ACL")
      .optional(),
  })
  .optional();

export type ConsoleSettings = NonNullable<z.infer<typeof webConsole>>;
