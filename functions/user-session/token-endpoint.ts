import * as z from "zod";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type Headers,
  type Http,
  type HttpAnswer,
  type Refusal,
  readBody,
  readRefusal,
  refusalText,
} from "#platform/http/http.ts";
import { jsonOrUndefined } from "#platform/http/json-body.ts";
import { readServerText } from "#platform/http/server-text.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient, UserTokens } from "#user-session/language/user-session.ts";
import type { UserServer } from "./user-server.ts";

export interface UserTokenPorts {
  server: Pick<UserServer, "tokenUrl">;
  http: Http;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A one-time authorization code, with the parameters of its authorization request (RFC 6749, 4.1.3; RFC 7636, 4.5). */
export interface AuthorizationCode {
  code: string;
  redirectUri?: string;
  codeVerifier?: string;
}

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.coerce.number().positive().optional(),
  scope: z.string().optional(),
});

/** The lifetime in the guide's examples (guide, "Generation of access token"), if the server names none. */
const defaultLifetimeSeconds = 899;
const bodyLimit = 1024 * 1024;

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
 * @throws SessionDead if the server refuses the refresh token or the client
 * @throws ServerUnavailable if the answer is neither a token nor a refusal. The server may still have rotated the token
 */
export async function refreshUserToken(
  ports: UserTokenPorts,
  client: OAuthClient,
  refreshToken: string,
): Promise<UserTokens> {
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const tokens = await requestTokens(ports, client, form);
  return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
}

/**
 * Exchanges an authorization code, which is valid for one request.
 *
 * Source: guide, "Generation of access token"; RFC 6749, 4.1.3.
 * @throws SessionDead if the server refuses the code or the client, or issues no refresh token
 * @throws ServerUnavailable if the answer is neither a token nor a refusal. The code may still be used up
 */
export async function exchangeCode(
  ports: UserTokenPorts,
  client: OAuthClient,
  { code, redirectUri, codeVerifier }: AuthorizationCode,
): Promise<UserTokens> {
  const form: Record<string, string> = { grant_type: "authorization_code", code };
  if (redirectUri !== undefined) form["redirect_uri"] = redirectUri;
  if (codeVerifier !== undefined) form["code_verifier"] = codeVerifier;
  const { refreshToken, ...tokens } = await requestTokens(ports, client, form);
  if (refreshToken !== undefined) return { ...tokens, refreshToken };
  const message =
    "the token endpoint issued no refresh token: sign in again, with the scope offline (or offline_access)";
  throw new SessionDead(message, { refusal: "grant-refused" });
}

type IssuedTokens = Omit<UserTokens, "refreshToken"> & { refreshToken: string | undefined };

async function requestTokens(
  { server, http, now }: UserTokenPorts,
  client: OAuthClient,
  grant: Record<string, string>,
): Promise<IssuedTokens> {
  const { headers, form } = clientAuthentication(client);
  const credentials = credentialsOf(client, grant, headers);
  const answer = await withinTime(
    http({
      method: "POST",
      url: server.tokenUrl,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams({ ...grant, ...form }).toString(),
      signal: AbortSignal.timeout(tokenRequestMs),
    }),
  );
  if (answer.status !== 200) throw tokenFault(await readRefusal({ ...answer, credentials }, now()));
  return await readTokens(answer, credentials);
}

/** RFC 6749, 2.3.1. A client without a secret sends its id in the form (RFC 6749, 3.2.1). */
function clientAuthentication({ id, authentication }: OAuthClient): { headers: Headers; form: Record<string, string> } {
  if (authentication.method === "none") return { headers: {}, form: { client_id: id } };
  const { method, secret } = authentication;
  if (method === "client_secret_post") return { headers: {}, form: { client_id: id, client_secret: secret } };
  const credentials = Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString("base64");
  return { headers: { authorization: `Basic ${credentials}` }, form: {} };
}

/** HTML form encoding. RFC 6749, 2.3.1 and appendix B require it for the id and the secret within HTTP Basic. */
function formEncoded(value: string): string {
  return new URLSearchParams({ "": value }).toString().slice(1);
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

async function readTokens(answer: HttpAnswer, credentials: readonly string[]): Promise<IssuedTokens> {
  const body = await readBody(answer, bodyLimit);
  const parsed = tokenAnswer.safeParse(jsonOrUndefined(body));
  if (parsed.success) {
    const { access_token, refresh_token, expires_in, scope } = parsed.data;
    const expiresInSeconds = expires_in ?? defaultLifetimeSeconds;
    return { accessToken: access_token, refreshToken: refresh_token, expiresInSeconds, scope };
  }
  // Some servers send OAuth's error object with status 200.
  const text = readServerText(body, credentials);
  if (text.oauthError !== undefined)
    throw tokenFault({ ...text, status: 200, temporary: false, retryAfterMs: undefined });
  throw new ServerUnavailable("the token endpoint answered HTTP 200 without an access token");
}

/** OAuth errors about the server's state, not about the request (RFC 6749, 4.1.2.1; token endpoints send them as well). */
const temporaryErrors = new Set(["server_error", "temporarily_unavailable", "slow_down"]);

/** OAuth errors about the client or its request, not about the grant (RFC 6749, 5.2). */
const clientErrors = new Set([
  "invalid_client",
  "unauthorized_client",
  "invalid_request",
  "unsupported_grant_type",
  "invalid_scope",
]);

/**
 * An OAuth error object is a refusal with any status, and so are the guide's 400 and 401. Any other answer (a proxy's 403, a
 * redirect to a login page, a 404) says nothing about the session.
 */
function tokenFault(refusal: Refusal): SessionDead | ServerUnavailable {
  const message = `the token endpoint answered ${refusalText(refusal)}`;
  const { oauthError, status } = refusal;
  const refused = oauthError === undefined ? status === 400 || status === 401 : !temporaryErrors.has(oauthError);
  if (refusal.temporary || !refused) return new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs });
  const ofClient = oauthError !== undefined && clientErrors.has(oauthError);
  return new SessionDead(message, { refusal: ofClient ? "client-refused" : "grant-refused" });
}

/** The credentials of a request. They are redacted in the server's text, because servers quote what they refuse. */
function credentialsOf({ authentication }: OAuthClient, grant: Record<string, string>, headers: Headers): string[] {
  const { grant_type: _, redirect_uri: __, ...secrets } = grant;
  const basic = headers["authorization"]?.replace(/^Basic /, "");
  return [
    ...Object.values(secrets),
    ...(authentication.method === "none" ? [] : [authentication.secret]),
    ...(basic === undefined ? [] : [basic]),
  ];
}
