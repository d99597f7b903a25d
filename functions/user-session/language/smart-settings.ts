import * as z from "zod";

/** A scope token (RFC 6749, 3.3). */
export const scope = z
  .string()
  .max(200)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "is not a scope (RFC 6749, 3.3)");

/** The guide's name for `offline_access`, and the standard's own. */
const offlineScopes = ["offline_access", "offline"];

/**
 * The scopes of a launch. Without `openid` nobody is identified, and without `offline_access` (the guide's `offline`) the session
 * ends within minutes.
 */
export const launchScopes = z
  .array(scope)
  .max(50)
  .refine((scopes) => new Set(scopes).size === scopes.length, "must not name a scope twice")
  .refine((scopes) => scopes.includes("openid"), "must have openid: without it nobody is identified")
  .refine(
    (scopes) => offlineScopes.some((offline) => scopes.includes(offline)),
    "must have offline_access or offline: without it a session ends within minutes",
  );

/** The name of a registered EHR launch, the last part of its launch URL. */
export const ehrLaunchName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);

const ehrLaunch = z.strictObject({
  name: ehrLaunchName,
  /** The caller of the API to whom the links belong that begin here: as the audit trail of calls writes callers. */
  caller: z.string().min(1),
  /** If absent, the stage's scopes, with `launch` in the place of those that ask for a choice. */
  scopes: launchScopes.optional(),
  returnUrl: z.url().optional(),
});

/** The part of the stage's settings that SMART launches need. The functions get it as JSON. */
export const smartSettings = z.strictObject({
  /** What a link asks for. A caller may ask for less. */
  scopes: launchScopes.default(["openid", "fhirUser", "offline_access"]),
  /** Where a browser may be sent at the end of a launch. A caller's `returnUrl` must be one of them, character by character. */
  returnUrls: z.array(z.url()).max(20).default([]),
  /** How long the one-time URL of a link is valid. */
  linkMinutes: z.number().int().min(1).max(1_440).default(30),
  /** The EHRs that may launch the bridge, each by its own launch URL: `/smart/launch/{name}`. */
  ehrLaunches: z.array(ehrLaunch).max(10).default([]),
  /** The names by which people know the callers' applications. A caller without one is shown as the audit trail writes it. */
  applications: z
    .array(z.strictObject({ caller: z.string().min(1), name: z.string().min(1).max(100) }))
    .max(20)
    .default([]),
  /**
   * Whether the client of SMART launches authenticates with `private_key_jwt`. Then the functions of user sessions may read the stage's
   * client keys, or sign with them in KMS.
   */
  privateKeyJwt: z.boolean().default(false),
  /** Origins besides those of the FHIR base and of the users' token endpoint on which sign-in may be. */
  authorizationOrigins: z.array(z.url()).max(10).default([]),
});

export type SmartSettings = z.infer<typeof smartSettings>;
export type EhrLaunch = SmartSettings["ehrLaunches"][number];

/** The scopes of an EHR launch. The EHR has chosen the patient already, so nobody is asked to choose one. */
export function ehrScopes({ scopes: own }: Pick<EhrLaunch, "scopes">, stage: readonly string[]): string[] {
  return own ?? ["launch", ...stage.filter((one) => one !== "launch" && !one.startsWith("launch/"))];
}
