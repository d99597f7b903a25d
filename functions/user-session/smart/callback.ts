/** What the server says by the browser after a login (RFC 6749, 4.1.2). */
export type Callback =
  | { kind: "code"; state: string; code: string; issuer: string | undefined }
  | { kind: "error"; state: string; error: AuthorizationError; issuer: string | undefined }
  /** It belongs to no login, or says too much or too little. Nothing ends by it. */
  | { kind: "unusable"; fault: string };

/** The errors of RFC 6749, 4.1.2.1, and of OpenID Connect Core, 3.1.2.6. Any other text counts as `other`, and is kept nowhere. */
export const authorizationErrors = [
  "access_denied",
  "invalid_request",
  "unauthorized_client",
  "unsupported_response_type",
  "invalid_scope",
  "server_error",
  "temporarily_unavailable",
  "interaction_required",
  "login_required",
  "account_selection_required",
  "consent_required",
  "other",
] as const;

export type AuthorizationError = (typeof authorizationErrors)[number];

/** Codes of real servers are JWTs of some kilobytes. */
const longestParameter = 16_384;

/**
 * Reads the parameters of a callback. `error_description` and `error_uri` are texts that anybody can write into a link, so they
 * are not read. A parameter that stands there twice makes the callback unusable (RFC 6749, 3.1).
 *
 * @param query the raw query string, or the body of a form
 */
export function readCallback(query: string): Callback {
  const parameters = new URLSearchParams(query);
  for (const name of ["state", "code", "error", "iss"]) {
    const values = parameters.getAll(name);
    if (values.length > 1) return { kind: "unusable", fault: `the parameter ${name} stands there twice` };
    if ((values[0]?.length ?? 0) > longestParameter)
      return { kind: "unusable", fault: `the parameter ${name} is too long` };
  }
  const valueOf = (name: string) => parameters.get(name) || undefined;
  const [state, code, error, issuer] = [valueOf("state"), valueOf("code"), valueOf("error"), valueOf("iss")];
  if (state === undefined) return { kind: "unusable", fault: "the parameter state is missing" };
  if (code !== undefined && error !== undefined) return { kind: "unusable", fault: "it has both a code and an error" };
  if (error !== undefined) return { kind: "error", state, error: knownError(error), issuer };
  if (code === undefined) return { kind: "unusable", fault: "the parameter code is missing" };
  return { kind: "code", state, code, issuer };
}

function knownError(error: string): AuthorizationError {
  return authorizationErrors.find((known) => known === error) ?? "other";
}

/**
 * Whether the callback came from the server to which the login went. A server that says that it always names itself has to
 * (RFC 9207, 2.4): a callback without its name may be another server's.
 */
export function isFromIssuer(
  callback: { issuer: string | undefined },
  expected: { issuer: string; namesIssuer: boolean },
): boolean {
  if (callback.issuer === undefined) return !expected.namesIssuer;
  return callback.issuer === expected.issuer;
}
