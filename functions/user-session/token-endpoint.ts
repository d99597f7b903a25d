import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  discardBody,
  type Headers,
  type Http,
  type HttpAnswer,
  readRefusal,
  refusalText,
} from "#platform/http/http.ts";
import { readTokenAnswer, type TokenAnswer, temporaryErrors } from "#platform/http/token-answer.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient, UserTokens } from "#user-session/language/user-session.ts";
import type { UserServer } from "./user-server.ts";

export interface UserTokenPorts {
  server: Pick<UserServer, "tokenUrl">;
  http: Http;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with the names of the members of an answer that cannot be read. They count as unsaid. */
  onUnreadable: (members: readonly string[]) => void;
}

/** A one-time authorization code, with the parameters of its authorization request (RFC 6749, 4.1.3; RFC 7636, 4.5). */
export interface AuthorizationCode {
  code: string;
  redirectUri?: string;
  codeVerifier?: string;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The lifetime in the guide's examples (guide, "Generation of access token"), if the server names none. */
const defaultLifetimeSeconds = 899;

/**
 * How long a token request may take. A claim on a session (`session-refresh.ts`) lasts longer, so a process that lives
 * finishes within its claim.
 */
export const tokenRequestMs = 10_000;

/**
 * Exchanges a refresh token by one request. The request cannot be cancelled: an answer that is not read may hold the only
 * refresh token that continues the chain.
 *
 * Source: guide, "Generation of access token"; RFC 6749, 5 and 6; SMART App Launch, "Refresh access token".
 * @returns the tokens. The access token is undefined if the answer has another refresh token than the one sent, but no access token
 * @throws SessionDead if the server refuses the refresh token or the client
 * @throws ServerUnavailable if the answer is neither a token nor a refusal. The server may still have rotated the token
 */
export async function refreshUserToken(
  ports: UserTokenPorts,
  client: OAuthClient,
  refreshToken: string,
): Promise<UserTokens> {
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const answer = await requestTokens(ports, client, form);
  const rotated = answer.refreshToken !== undefined && answer.refreshToken !== refreshToken;
  if (answer.accessToken === undefined && !rotated) throw tokenFault(answer);
  return { ...issuedTokens(answer), refreshToken: answer.refreshToken ?? refreshToken };
}

/**
 * Exchanges an authorization code, which is valid for one request, for a session that lasts.
 *
 * Source: guide, "Generation of access token"; RFC 6749, 4.1.3.
 * @throws SessionDead if the server refuses the code or the client, or issues no refresh token
 * @throws ServerUnavailable if the answer is neither a token nor a refusal. The code may still be used up
 */
export async function exchangeCode(
  ports: UserTokenPorts,
  client: OAuthClient,
  code: AuthorizationCode,
): Promise<UserTokens> {
  const answer = await requestCodeTokens(ports, client, code);
  if (answer.refreshToken !== undefined) return { ...issuedTokens(answer), refreshToken: answer.refreshToken };
  const message =
    "the token endpoint issued no refresh token: sign in again, with the scope offline (or offline_access)";
  throw new SessionDead(message, { refusal: "grant-refused" });
}

/**
 * Exchanges an authorization code by one request that cannot be cancelled, and returns all that the server answered: an access
 * token, a refresh token, or both.
 *
 * @throws SessionDead if the server refuses the code or the client
 * @throws ServerUnavailable if the answer is neither a token nor a refusal. The code may still be used up
 */
export async function requestCodeTokens(
  ports: UserTokenPorts,
  client: OAuthClient,
  { code, redirectUri, codeVerifier }: AuthorizationCode,
): Promise<TokenAnswer> {
  const form: Record<string, string> = { grant_type: "authorization_code", code };
  if (redirectUri !== undefined) form["redirect_uri"] = redirectUri;
  if (codeVerifier !== undefined) form["code_verifier"] = codeVerifier;
  const answer = await requestTokens(ports, client, form);
  if (answer.accessToken === undefined && answer.refreshToken === undefined) throw tokenFault(answer);
  return answer;
}

/**
 * Asks the server to revoke a token, and with a refresh token the access tokens issued by it (RFC 7009, 2.1). The server answers 200 for
 * a token that it does not know as well.
 *
 * @throws SessionDead if the server refuses the client
 * @throws ServerUnavailable if the answer is no 2xx
 */
export async function revokeToken(
  ports: Omit<UserTokenPorts, "onUnreadable">,
  client: OAuthClient,
  url: URL,
  token: string,
): Promise<void> {
  const form = { token, token_type_hint: "refresh_token" };
  const answer = await postForm(ports, client, url, form);
  if (answer.status >= 200 && answer.status < 300) return await discardBody(answer);
  const refusal = await readRefusal(answer, ports.now());
  const message = `the revocation endpoint answered ${refusalText(refusal)}`;
  if (refusal.status === 401) throw new SessionDead(message, { refusal: "client-refused" });
  throw new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs });
}

/** The tokens of an answer, for the session. An answer without a lifetime has the guide's. */
export function issuedTokens({ accessToken, lifetimeSeconds, scope }: TokenAnswer): Omit<UserTokens, "refreshToken"> {
  return { accessToken, expiresInSeconds: lifetimeSeconds ?? defaultLifetimeSeconds, scope };
}

async function requestTokens(
  ports: UserTokenPorts,
  client: OAuthClient,
  grant: Record<string, string>,
): Promise<TokenAnswer> {
  const read = await readTokenAnswer(await postForm(ports, client, ports.server.tokenUrl, grant), ports.now());
  if (read.unreadable.length > 0) ports.onUnreadable(read.unreadable);
  return read;
}

/** An assertion's audience is the token endpoint, at the revocation endpoint as well (RFC 7523, 3; RFC 7009, 2.1). */
async function postForm(
  { server, http }: Pick<UserTokenPorts, "server" | "http">,
  client: OAuthClient,
  url: URL,
  parameters: Record<string, string>,
): Promise<HttpAnswer> {
  const { headers, form } = await clientAuthentication(client, server.tokenUrl);
  const body = { ...parameters, ...form };
  const answer = await withinTime(
    http({
      method: "POST",
      url,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(body).toString(),
      signal: AbortSignal.timeout(tokenRequestMs),
    }),
  );
  return { ...answer, credentials: credentialsOf(client, body, headers) };
}

/** RFC 6749, 2.3.1, and RFC 7523, 2.2. A client without a secret sends its id in the form (RFC 6749, 3.2.1). */
async function clientAuthentication(
  { id, authentication }: OAuthClient,
  tokenUrl: URL,
): Promise<{ headers: Headers; form: Record<string, string> }> {
  if (authentication.method === "none") return { headers: {}, form: { client_id: id } };
  if (authentication.method === "private_key_jwt") {
    const form = {
      client_assertion_type: assertionType,
      client_assertion: await authentication.signAssertion(tokenUrl),
    };
    return { headers: {}, form };
  }
  const { method, secret } = authentication;
  if (method === "client_secret_post") return { headers: {}, form: { client_id: id, client_secret: secret } };
  const credentials = Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString("base64");
  return { headers: { authorization: `Basic ${credentials}` }, form: {} };
}

/**
 * HTML form encoding. RFC 6749, 2.3.1 and appendix B require it for the id and the secret within HTTP Basic. Servers that do not
 * decode them refuse an escaped unreserved character (RFC 3986, 2.3), so these stay as they are.
 */
function formEncoded(value: string): string {
  return new URLSearchParams({ "": value }).toString().slice(1).replaceAll("%7E", "~");
}

async function withinTime(request: Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    throw new ServerUnavailable(`the token endpoint did not answer within ${tokenRequestMs / 1000} s`, {
      cause: error,
    });
  }
}

/**
 * The fault of an answer without a token. A final OAuth error refuses with any status, and so do the guide's 400 and 401. Any other
 * answer (a proxy's 403, a redirect to a login page, a 404) says nothing about the session.
 */
function tokenFault({ refusal, refused }: TokenAnswer): SessionDead | ServerUnavailable {
  const { oauthError, status, temporary, retryAfterMs } = refusal;
  const message = `the token endpoint answered ${refusalText(refusal)}`;
  const refusing = (status === 400 || status === 401) && !temporary && !temporaryErrors.has(oauthError);
  if (refused !== undefined || refusing)
    return new SessionDead(message, { refusal: refused === "client" ? "client-refused" : "grant-refused" });
  const missing = status < 300 && oauthError === undefined ? " without an access token" : "";
  return new ServerUnavailable(`${message}${missing}`, { retryAfterMs });
}

/** The credentials of a request. They are redacted in the server's text, because servers quote what they refuse. */
function credentialsOf({ authentication }: OAuthClient, form: Record<string, string>, headers: Headers): string[] {
  const { grant_type: _, redirect_uri: __, client_id: ___, client_assertion_type: ____, ...secrets } = form;
  const basic = headers["authorization"]?.replace(/^Basic /, "");
  return [
    ...Object.values(secrets),
    ...("secret" in authentication ? [authentication.secret] : []),
    ...(basic === undefined ? [] : [basic]),
  ];
}
