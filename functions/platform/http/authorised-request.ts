import { AccessRefused, OriginRefused } from "#platform/faults/faults.ts";
import { discardBody, type Headers, type Http, type HttpAnswer, readRefusal, refusalCodes } from "./http.ts";
import { urlFromHeader } from "./reading/server-url.ts";
import { isOfOrigin, placeOf, type TrustedOrigins } from "./trusted-origins.ts";

/** Where access tokens come from: a registered client's own, or those of a user's session. */
export interface AccessTokens {
  /** A token that is good for a while yet. */
  current(): Promise<string>;
  /** A token other than `rejected`, which the server has just answered with a 401. */
  replacement(rejected: string): Promise<string>;
}

/** Whoever makes a request with a token. */
export interface TokenBearer {
  server: TrustedOrigins;
  http: Http;
  token: AccessTokens;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * How the token travels: as the standard has it; as the guide's CCD calls want it (raw, in `x-auth-token`); both ways, for
 * the guide's download; or not at all.
 */
export type TokenHeaders = "bearer" | "raw" | "bearer-and-raw" | "none";

export interface AuthorisedRequest {
  method: "GET" | "POST" | "DELETE";
  url: URL;
  headers: Headers;
  body?: string;
  token: TokenHeaders;
  /** Origins that may answer, this one and after redirects. The token goes only to the server's own among them. */
  origins: ReadonlySet<string>;
  /** What is asked for, in words: where the path may name a patient, it stays out of the faults. */
  subject?: string;
  /** Whether a 401 is about the token; where it is not, it is an answer like any other. */
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
 * One request with the client's token. A 401 makes the token be minted anew, once; redirects are followed within the
 * allowed origins. None takes the token to an origin that is not the server's, nor back from there: whoever that origin
 * belongs to must not choose what is asked for in our name. A POST is never sent elsewhere: its redirect is the answer, except
 * a 303, whose target says by GET what became of the request (RFC 9110, 15.4.4).
 *
 * Source: guide, "Download the ndjson file" (`x-auth-token`); SMART Backend Services, "Access FHIR API".
 * @throws AccessRefused where a new token is refused as well
 * @throws OriginRefused where the URL or a redirect leads elsewhere
 * @throws ServerUnavailable where no answer came
 */
export async function authorisedRequest(client: TokenBearer, request: AuthorisedRequest): Promise<LocatedAnswer> {
  if (request.token === "none") return (await withRedirects(client, request, undefined)).answer;
  const token = await client.token.current();
  const { answer, authorised } = await withRedirects(client, request, token);
  // An origin that never got the token cannot have refused it.
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
