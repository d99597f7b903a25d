import { randomBytes } from "node:crypto";
import { digestOf } from "#user-session/language/digest.ts";

/** The secrets of one login. Only digests of `state` and `cookie` are stored; the browser keeps both. */
export interface LoginSecrets {
  /** Ties the callback to this login (RFC 6749, 10.12). */
  state: string;
  /** Ties the id_token to this login (OpenID Connect Core, 15.5.2). */
  nonce: string;
  /** Proves that who exchanges the code began the login (RFC 7636, 4.1). */
  codeVerifier: string;
  /** Ties the login to the browser that began it. */
  cookie: string;
}

/** Each secret has 256 random bits (RFC 7636, 7.1). */
export function newLoginSecrets(): LoginSecrets {
  return { state: randomText(), nonce: randomText(), codeVerifier: randomText(), cookie: randomText() };
}

export interface AuthorizationRequest {
  authorizationUrl: URL;
  clientId: string;
  redirectUrl: string;
  scopes: readonly string[];
  /** The FHIR base URL, as it is configured: the server that the token is for. */
  audience: string;
  /** The value that the EHR gave, in an EHR launch only. */
  launch?: string | undefined;
  secrets: Pick<LoginSecrets, "state" | "nonce" | "codeVerifier">;
}

/**
 * The URL to which the browser goes to sign in. Parameters that the endpoint's own URL has stay.
 *
 * A request for offline access also asks for the user's consent: an OpenID provider ignores `offline_access` without it, and then
 * gives no refresh token. A server that does not know `prompt` ignores it (RFC 6749, 3.1).
 *
 * Source: SMART App Launch, "Obtain authorization code"; RFC 7636, 4.3; OpenID Connect Core, 3.1.2.1 and 11.
 */
export function authorizationRequestUrl(request: AuthorizationRequest): URL {
  const url = new URL(request.authorizationUrl);
  const { state, nonce, codeVerifier } = request.secrets;
  const parameters = {
    response_type: "code",
    client_id: request.clientId,
    redirect_uri: request.redirectUrl,
    scope: request.scopes.join(" "),
    state,
    nonce,
    aud: request.audience,
    code_challenge: digestOf(codeVerifier),
    code_challenge_method: "S256",
    ...(request.launch !== undefined && { launch: request.launch }),
    ...(request.scopes.includes("offline_access") && { prompt: "consent" }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

const randomText = () => randomBytes(32).toString("base64url");
