import { AccessRefused, OriginRefused } from "#contracts/errors.ts";
import type { BackendToken } from "./backend-token.ts";
import {
  discardBody,
  type Headers,
  type Http,
  type HttpAnswer,
  headerText,
  readRefusal,
  refusalCodes,
} from "./http.ts";
import { type IntegraServer, isOfOrigin, placeOf } from "./integra-server.ts";

/** Everything needed to talk to the server as a registered client. */
export interface IntegraClient {
  server: IntegraServer;
  http: Http;
  token: BackendToken;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How the token travels: as the standard has it, as the guide's download wants it (raw, too), or not at all. */
export type TokenHeaders = "bearer" | "bearer-and-raw" | "none";

export interface AuthorisedRequest {
  method: "GET" | "DELETE";
  url: URL;
  headers: Headers;
  token: TokenHeaders;
  /** Origins that may answer, this one and after redirects. The token goes only to the server's own among them. */
  origins: ReadonlySet<string>;
  signal?: AbortSignal | undefined;
}

const mostRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * One request with the client's token. A 401 makes the token be minted anew, once; redirects are followed within the
 * allowed origins. None takes the token to an origin that is not the server's, nor back from there: whoever that origin
 * belongs to must not choose what is asked for in our name.
 *
 * Source: guide, "Download the ndjson file" (`x-auth-token`); SMART Backend Services, "Access FHIR API".
 * @throws AccessRefused where a new token is refused as well
 * @throws OriginRefused where the URL or a redirect leads elsewhere
 * @throws ServerUnavailable where no answer came
 */
export async function authorisedRequest(client: IntegraClient, request: AuthorisedRequest): Promise<HttpAnswer> {
  if (request.token === "none") return (await withRedirects(client, request, undefined)).answer;
  const token = await client.token.current();
  const { answer, authorised } = await withRedirects(client, request, token);
  // An origin that never got the token cannot have refused it.
  if (answer.status !== 401 || !authorised) return answer;
  await discardBody(answer);
  const { answer: second } = await withRedirects(client, request, await client.token.replacement(token));
  if (second.status !== 401) return second;
  const refusal = await readRefusal(second, client.now());
  throw new AccessRefused(
    `the server refused a new access token at a ${request.method} of ${request.url.origin}: ${refusalCodes(refusal)}`,
  );
}

async function withRedirects(
  client: IntegraClient,
  request: AuthorisedRequest,
  token: string | undefined,
): Promise<{ answer: HttpAnswer; authorised: boolean }> {
  const { method, headers, signal } = request;
  let { url } = request;
  let authorised = token !== undefined;
  for (let redirects = 0; ; redirects += 1) {
    if (!isOfOrigin(request.origins, url))
      throw new OriginRefused(refusedPlace(client.server, request, url, redirects));
    authorised &&= isOfOrigin(client.server.tokenOrigins, url);
    const credentials = token !== undefined && authorised ? tokenHeaders(token, request.token) : {};
    const bare = await client.http({ method, url, headers: { ...headers, ...credentials }, signal });
    const answer = token === undefined ? bare : { ...bare, credentials: [token] };
    const location = redirectStatuses.has(answer.status) ? headerText(answer, "location") : undefined;
    if (location === undefined || redirects === mostRedirects) return { answer, authorised };
    await discardBody(answer);
    const next = URL.parse(location, url.href);
    if (next === null) throw new OriginRefused(`${url.origin} redirected to something that is not a URL`);
    url = next;
  }
}

function tokenHeaders(token: string, form: TokenHeaders): Headers {
  const bearer = { authorization: `Bearer ${token}` };
  return form === "bearer-and-raw" ? { ...bearer, "x-auth-token": token } : bearer;
}

function refusedPlace(server: IntegraServer, request: AuthorisedRequest, url: URL, redirects: number): string {
  const start = redirects === 0 ? "a URL of the server" : `a redirect from ${request.url.origin}`;
  const allowed = [...request.origins].join(", ");
  const remedy =
    request.origins === server.fileOrigins ? "; add it to the setting integra.fileOrigins if it is trusted" : "";
  return `${start} leads to ${placeOf(url)}, which is not among the allowed origins (${allowed})${remedy}`;
}
