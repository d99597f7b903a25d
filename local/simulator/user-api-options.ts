import type { KeySetRegistration } from "#local/simulator/oauth/client-key-sets.ts";

/** A person with an account at the portal (guide: "Authentication and Authorization"). */
export interface RegisteredUser {
  readonly userId: string;
  /** Ids of the patients whom the user is authorized to see; "all" for every patient. */
  readonly patients: "all" | readonly string[];
  /** Name on the portal's pages; default: the id. */
  readonly name?: string;
  /** Without one the user cannot sign in at the portal's page. */
  readonly password?: string;
  /** The user as a FHIR resource, such as "Patient/123". Absent: the scope `fhirUser` is not granted. */
  readonly fhirUser?: string;
}

/** An application that acts for users, as Product Support would have registered it (guide: "SMART on FHIR"). */
export interface RegisteredApp extends KeySetRegistration {
  readonly clientId: string;
  /** "none": a public client. "private_key_jwt" needs `jwks` or `jwksUrl`, the other two need `clientSecret`. */
  readonly authMethod: "client_secret_post" | "client_secret_basic" | "none" | "private_key_jwt";
  readonly clientSecret?: string;
  /** Name on the portal's pages; default: the client id. */
  readonly name?: string;
  /** The exact redirect URIs. Without one the app cannot use the authorization endpoint. */
  readonly redirectUris?: readonly string[];
  /** Where an EHR launch begins. */
  readonly launchUrl?: string;
  /** The scopes that the app may ask for. Absent: all that the server supports. */
  readonly scopes?: readonly string[];
}

/** The answer of a download while the documents are not ready. The guide does not say which. */
export type NotReadyForm =
  /** 200 with the JSON of an accepted request: BESR01 "Your request is in progress". */
  | "in-progress"
  /** 400 with the JSON of a repeated request: BEDR01 "Last request is already in process". */
  | "already-in-process"
  /** 202 without a body. */
  | "accepted"
  /** 204 without a body. */
  | "no-content"
  /** 200 with an empty body that calls itself a ZIP. */
  | "empty"
  /** 403 ATTACHMENT_FILE_NOT_FOUND, as the guide has it for files of an export. */
  | "file-not-found"
  /** 404 with Tomcat's page. */
  | "not-found";

/** Options of the endpoints for users: sessions, patients, resources and CCDs. */
export interface UserApiOptions {
  /** Default: empty. */
  users?: readonly RegisteredUser[];
  /** Default: empty. */
  apps?: readonly RegisteredApp[];
  /** Default 899, as the guide prints it. */
  userTokenLifetimeSeconds?: number;
  /** Lifetime of codes of the portal's page "Get Access Token"; default 600. */
  authorizationCodeLifetimeSeconds?: number;
  /** Lifetime of codes of SMART launches; default 60 (SMART: "Obtain authorization code"). */
  launchCodeLifetimeSeconds?: number;
  /** How long a user may take to sign in and consent; default 600. */
  signInLifetimeSeconds?: number;
  /** How long the handle of an EHR launch is valid; default 300. */
  ehrLaunchLifetimeSeconds?: number;
  /** Callbacks have `iss` (RFC 9207); default true. */
  issuerInCallback?: boolean;
  /**
   * "form-encoded" (default): id and secret of HTTP Basic are decoded (RFC 6749 2.3.1). "raw": they are compared as they are, as
   * some servers do.
   */
  basicCredentials?: "form-encoded" | "raw";
  /** Default 30 days, counted from the last refresh. */
  refreshTokenLifetimeSeconds?: number;
  /** Each refresh issues a new refresh token and ends the old one; default true. */
  refreshTokenRotation?: boolean;
  /** A refresh token that is used twice ends its session (RFC 9700 4.14.2); default true. */
  refreshTokenReuseEndsSession?: boolean;
  /**
   * How long after its rotation a refresh token may be used again for further tokens; default 0. Ory Hydra, whose tokens look
   * like the guide's, does so under the name of graceful rotation.
   */
  refreshTokenGraceSeconds?: number;
  /** A refresh ends the session's earlier access tokens; default false. */
  refreshEndsAccessTokens?: boolean;
  /** Body of errors of the users' token endpoint, which the guide does not print; default "oauth" (RFC 6749 5.2). */
  userTokenErrors?: "oauth" | "tomcat";
  /** The n-th patient, counted from 0, has 1 + n modulo this many visits; default 3. */
  maxVisits?: number;
  /** Resources on one page of a search without `_count`; default 20. */
  resourcePageSize?: number;
  /** The guide prints a bare Patient in answer to a search; default "bundle". */
  patientSearchAnswer?: "bundle" | "bare-when-single";
  /** "guide": only its four combinations and its example; default "any". */
  searchCombinations?: "any" | "guide";
  /** Time from a request for CCDs until its documents are ready; default 1500. */
  ccdDurationMs?: number;
  /** The step that ends a pending request, after which its user may make another; default "ready". */
  ccdPendingUntil?: "ready" | "downloaded";
  /** Default "in-progress". */
  ccdNotReady?: NotReadyForm;
  /** "xml-when-single": one document comes as it is; default "zip". */
  ccdContainer?: "zip" | "xml-when-single";
  /** "data-descriptors" (default): sizes follow the content, as Java streams a ZIP. "headers": sizes precede the content. */
  ccdZipSizes?: "data-descriptors" | "headers";
  /** "as-printed" (default): a request without one of the headers that the guide lists gets 400. */
  ccdHeaders?: "as-printed" | "lenient";
  /** The ids of the patient in a document's recordTarget; default "both". */
  ccdPatientIds?: "both" | "patient-id" | "mrn";
  /** A download needs x-auth-token in addition to the nonce; default false. */
  ccdDownloadNeedsToken?: boolean;
  /** Default 60. */
  nonceLifetimeSeconds?: number;
}

export const USER_API_DEFAULTS: Required<Omit<UserApiOptions, "users" | "apps">> = {
  userTokenLifetimeSeconds: 899,
  authorizationCodeLifetimeSeconds: 600,
  launchCodeLifetimeSeconds: 60,
  signInLifetimeSeconds: 600,
  ehrLaunchLifetimeSeconds: 300,
  issuerInCallback: true,
  basicCredentials: "form-encoded",
  refreshTokenLifetimeSeconds: 30 * 86_400,
  refreshTokenRotation: true,
  refreshTokenReuseEndsSession: true,
  refreshTokenGraceSeconds: 0,
  refreshEndsAccessTokens: false,
  userTokenErrors: "oauth",
  maxVisits: 3,
  resourcePageSize: 20,
  patientSearchAnswer: "bundle",
  searchCombinations: "any",
  ccdDurationMs: 1500,
  ccdPendingUntil: "ready",
  ccdNotReady: "in-progress",
  ccdContainer: "zip",
  ccdZipSizes: "data-descriptors",
  ccdHeaders: "as-printed",
  ccdPatientIds: "both",
  ccdDownloadNeedsToken: false,
  nonceLifetimeSeconds: 60,
};
