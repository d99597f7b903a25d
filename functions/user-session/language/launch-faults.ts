/* The faults of SMART launches. No execution ends by one: the link does, and its reason says why. */

/** Why a launch gave no session. A link that failed has one of these reasons. */
export const launchFailures = [
  /** The server's SMART configuration lacks something, or leads to an origin that is not configured. */
  "server-unusable",
  /** The server did not answer, or was busy. */
  "server-unavailable",
  /** The server reported an error other than a denial, such as invalid_scope. */
  "authorization-refused",
  /** The token endpoint refused the client. */
  "client-refused",
  /** The token endpoint refused the code. */
  "code-refused",
  /** The id_token is missing, or its proof fails. */
  "identity-unproven",
  /** The server issued no refresh token, so the session would end within minutes. */
  "refresh-token-missing",
  /** The server named a patient in a form that cannot be read. */
  "patient-unreadable",
  /** The person did not grant what was asked for. */
  "scopes-missing",
  /** Another person signed in than the one whom the link belongs to. */
  "other-person",
  /** The bridge stopped between the exchange of the code and the storing of the session. */
  "interrupted",
] as const;

export type LaunchFailure = (typeof launchFailures)[number];

interface LaunchFailedOptions extends ErrorOptions {
  reason: LaunchFailure;
}

/** A SMART launch gave no session. The message says what happened and what to do, without a token and without patient data. */
export class LaunchFailed extends Error {
  override readonly name = "LaunchFailed";
  readonly reason: LaunchFailure;

  constructor(message: string, options: LaunchFailedOptions) {
    super(message, options);
    this.reason = options.reason;
  }
}
