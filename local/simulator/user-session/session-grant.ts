/** What the user granted to the app, with the context of the launch (SMART: "Scopes and Launch Context"). */
export interface SessionGrant {
  readonly scopes: readonly string[];
  /** True if the app asked for scopes for FHIR resources. Other sessions may read all that the user may see, as the guide says. */
  readonly limitedByScopes: boolean;
  /** The session's only patient; null if the session has all patients of its user. */
  readonly patientId: string | null;
  readonly encounterId: string | null;
  /** Null if the launch does not say. */
  readonly needPatientBanner: boolean | null;
  /** The `nonce` of the authorization request (OpenID Connect Core 3.1.2.1). */
  readonly nonce: string | null;
}

/** The grant of sessions that begin at the portal's page "Get Access Token", as the guide prints it. */
export const PORTAL_GRANT: SessionGrant = {
  scopes: ["openid", "offline"],
  limitedByScopes: false,
  patientId: null,
  encounterId: null,
  needPatientBanner: null,
  nonce: null,
};

/** True if the scopes permit a refresh token. The guide prints `offline`, SMART `offline_access`. */
export function isOffline(scopes: readonly string[]): boolean {
  return scopes.includes("offline") || scopes.includes("offline_access");
}
