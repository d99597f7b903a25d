import { AccessRefused, OriginRefused } from "#platform/faults/faults.ts";
import { discardBody, type Headers, type Http, type HttpAnswer, readRefusal, refusalCodes } from "./http.ts";
import { urlFromHeader } from "./reading/server-url.ts";
import { isOfOrigin, placeOf, type TrustedOrigins } from "./trusted-origins.ts";

/** The access tokens of a registered client, or of a user session. */
export interface AccessTokens {
  /** A token that is valid for some time yet. */
  current(): Promise<string>;
  /** A token other than `rejected`, which the server has just refused with a 401. */
  replacement(rejected: string): Promise<string>;
}

/** A client that sends requests with a token. */
export interface TokenBearer {
  server: TrustedOrigins;
  http: Http;
  token: AccessTokens;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * How the token is sent: as a bearer token, as the standard has it; raw in `x-auth-token`, as the guide's CCD calls have it; both
 * ways, for the guide's download; or not at all.
 */
export type TokenHeaders = "bearer" | "raw" | "bearer-and-raw" | "none";

export interface AuthorisedRequest {
  method: "GET" | "POST" | "DELETE";
  url: URL;
  headers: Headers;
  body?: string;
  token: TokenHeaders;
  /** Origins that the request and its redirects may lead to. Only the server's own among them get the token. */
  origins: ReadonlySet<string>;
  /** What is requested, in words for the faults. Set it if the path may name a patient. */
  subject?: string;
  /** Whether a 401 is about the token. If it is not, a 401 is an answer like any other. True by default. */
  renews?: boolean;
  signal?: AbortSignal | undefined;
}

/** An answer, and where it came from after redirects: the base of the relative URLs in it (RFC 3986, 5.1.3). */
export interface LocatedAnswer extends HttpAnswer {
  url: URL;
}

const mostRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * Sends one request with the client's token. After a 401 it gets a new token and tries once more. It follows redirects
 * within the allowed origins. A redirect never takes the token to an origin that is not the server's. Once a request has left
 * the server's origins, no later redirect gets the token either: the other origin must not choose what we request in our own
 * name. A POST is never sent elsewhere. Its redirect is the answer, except for a 303, whose target is read by GET (RFC 9110,
 * 15.4.4).
 *
 * Source: guide, "Download the ndjson file" (`x-auth-token`); SMART Backend Services, "Access FHIR API".
 * @throws AccessRefused if the server refuses a new token as well
 * @throws OriginRefused if the URL or a redirect leads to an origin that is not allowed
 * @throws ServerUnavailable if no answer came
 */
export async function authorisedRequest(client: TokenBearer, request: AuthorisedRequest): Promise<LocatedAnswer> {
  if (request.token === "none") return (await withRedirects(client, request, undefined)).answer;
  const token = await client.token.current();
  const { answer, authorised } = await withRedirects(client, request, token);
  // An origin that did not get the token cannot have refused it.
  if (answer.status !== 401 || !authorised || request.renews === false) return answer;
  await discardBody(answer);
  const { answer: second } = await withRedirects(client, request, await client.token.replacement(token));
  if (second.status !== 401) return second;
  const refusal = await readRefusal(second, client.now());
  throw new AccessRefused(
    `the server refused a new access token at ${request.subject ?? `a ${request.method} of ${request.url.origin}`}: ${refusalCodes(refusal)}`,
  );
}

async function withRedirects(
  client: TokenBearer,
  request: AuthorisedRequest,
  token: string | undefined,
): Promise<{ answer: LocatedAnswer; authorised: boolean }> {
  let hop = request;
  let authorised = token !== undefined;
  for (let redirects = 0; ; redirects += 1) {
    const { url } = hop;
    if (!isOfOrigin(request.origins, url))
      throw new OriginRefused(refusedPlace(client.server, request, url, redirects));
    authorised &&= isOfOrigin(client.server.tokenOrigins, url);
    const credentials = token !== undefined && authorised ? tokenHeaders(token, request.token) : {};
    const bare = await client.http({
      method: hop.method,
      url,
      headers: { ...hop.headers, ...credentials },
      ...(hop.body === undefined ? {} : { body: hop.body }),
      signal: request.signal,
    });
    const answer = { ...bare, url, ...(token === undefined ? {} : { credentials: [token] }) };
    const next = redirects === mostRedirects ? undefined : redirected(hop, answer);
    if (next === undefined) return { answer, authorised };
    await discardBody(answer);
    hop = next;
  }
}

/**
 * The request that follows a redirect; undefined if the answer is none that is followed.
 * @throws OriginRefused if the answer leads to something that is not a URL
 */
function redirected(hop: AuthorisedRequest, { status, headers, url }: LocatedAnswer): AuthorisedRequest | undefined {
  const location = headers["location"];
  if (!redirectStatuses.has(status) || location === undefined) return undefined;
  if (hop.method === "POST" && status !== 303) return undefined;
  const target = urlFromHeader(location, url);
  if (target === undefined) throw new OriginRefused(`${url.origin} redirected to something that is not a URL`);
  if (status !== 303) return { ...hop, url: target };
  const { body: _, ...rest } = hop;
  return { ...rest, method: "GET", url: target, headers: withoutContentHeaders(hop) };
}

/** What describes a body goes with it (RFC 9110, 15.4): only the GETs of the guide's searches keep their Content-Type. */
function withoutContentHeaders({ method, headers }: AuthorisedRequest): Headers {
  if (method === "GET") return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name)));
}

function tokenHeaders(token: string, form: TokenHeaders): Headers {
  const bearer = { authorization: `Bearer ${token}` };
  const raw = { "x-auth-token": token };
  return form === "raw" ? raw : form === "bearer-and-raw" ? { ...bearer, ...raw } : bearer;
}

function refusedPlace(server: TrustedOrigins, request: AuthorisedRequest, url: URL, redirects: number): string {
  const start = redirects === 0 ? "a URL of the server" : `a redirect from ${request.url.origin}`;
  const allowed = [...request.origins].join(", ");
  const remedy =
    request.origins === server.fileOrigins ? "; add it to the setting integra.fileOrigins if it is trusted" : "";
  return `${start} leads to ${placeOf(url)}, which is not among the allowed origins (${allowed})${remedy}`;
}
