import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import type { OpenHandler, OpenRequest } from "#on-demand-api/gateway/open-api.ts";
import type { OpenRouteKey } from "#on-demand-api/language/api-routes.ts";
import type { LaunchEnd, LinkRecord } from "#user-session/language/link.ts";
import { ehrScopes, type SmartSettings } from "#user-session/language/smart-settings.ts";
import type { BegunLogin } from "#user-session/links/begin-login.ts";
import type { Logins } from "#user-session/links/logins.ts";
import { callbackFaultPage, launchFaultPage, urlFaultPage } from "./fault-pages.ts";
import { callbackPage, endPage, framePage, invitationPage } from "./link-pages.ts";
import { redirectTo } from "./page.ts";

export interface SmartPagesPorts {
  logins: Logins;
  settings: Pick<SmartSettings, "scopes" | "ehrLaunches" | "applications">;
  /** The host of the server, by which people know it. */
  serverName: string;
  newLinkId: () => string;
}

/**
 * Serves the pages of SMART launches. No GET or HEAD changes anything, except that an EHR launch begins by GET (SMART App Launch,
 * "Launch App: EHR Launch").
 * @throws LaunchFailed, ServerUnavailable, SessionSecretUnusable
 */
export const serveSmartPages =
  (ports: SmartPagesPorts): OpenHandler =>
  async (request) => {
    // API Gateway passes on only the routes that it has.
    switch (request.route as OpenRouteKey) {
      case "GET /connect/{token}":
        return await showInvitation(ports, request);
      case "HEAD /connect/{token}":
        return withoutBody(await showInvitation(ports, request));
      case "POST /connect/{token}":
        return isFromOwnPage(request) ? await begin(ports, request) : await showInvitation(ports, request);
      case "GET /smart/launch/{name}":
        return await launchFromEhr(ports, request);
      case "GET /smart/callback":
        return showCallback(ports, request);
      case "HEAD /smart/callback":
        return withoutBody(showCallback(ports, request));
      case "POST /smart/callback":
        return await finish(ports, request);
      default:
        // A HEAD of a launch URL says nothing and begins nothing.
        return { status: 204, headers: {}, body: Buffer.alloc(0) };
    }
  };

/** The link's id and the token of a one-time URL. */
function invitationOf({ path }: OpenRequest): [linkId: string, token: string] {
  const [linkId = "", token = ""] = (path["token"] ?? "").split(/\.(.*)/s);
  return [linkId, token];
}

async function showInvitation(ports: SmartPagesPorts, request: OpenRequest): Promise<ApiResponse> {
  const found = await ports.logins.find(...invitationOf(request));
  if (typeof found === "string") return urlFaultPage(found);
  return invitationPage(applicationOf(ports, found.caller), ports.serverName, found.launch.scopes);
}

/** The name by which people know a caller's application. */
function applicationOf({ settings }: SmartPagesPorts, caller: string): string {
  return settings.applications.find((known) => known.caller === caller)?.name ?? caller;
}

/**
 * Whether one of our pages sent the form. A form of another site would begin the sign-in of a person who has not read the link's page.
 * Browsers say which site sends a request (W3C, "Fetch Metadata Request Headers"). A browser that does not is believed.
 */
function isFromOwnPage({ headers }: OpenRequest): boolean {
  return ["same-origin", undefined].includes(headers["sec-fetch-site"]);
}

async function begin({ logins }: SmartPagesPorts, request: OpenRequest): Promise<ApiResponse> {
  const begun = await logins.begin(...invitationOf(request));
  return typeof begun === "string" ? urlFaultPage(begun) : goToServer(begun);
}

/** EHRs send JWTs of some kilobytes. */
const longestLaunch = 8_192;

async function launchFromEhr(ports: SmartPagesPorts, request: OpenRequest): Promise<ApiResponse> {
  const name = request.path["name"] ?? "";
  const registered = ports.settings.ehrLaunches.find((one) => one.name === name);
  if (registered === undefined)
    return launchFaultPage(404, "No EHR is registered under this address. Tell the EHR's support.");
  const query = new URLSearchParams(request.queryString);
  const [iss, launch] = [onlyValue(query, "iss"), onlyValue(query, "launch")];
  if (iss === undefined || !ports.logins.isConfiguredServer(iss))
    return launchFaultPage(
      400,
      "The launch names another server than the one that is connected here. Tell the EHR's support.",
    );
  if (launch === undefined || launch.length > longestLaunch)
    return launchFaultPage(400, "The launch is incomplete. Go back to the EHR and launch again.");
  if (isFramed(request)) return framePage(`${name}?${request.queryString}`);
  const { caller, returnUrl = null } = registered;
  const scopes = ehrScopes(registered, ports.settings.scopes);
  const linkId = ports.newLinkId();
  const begun = await ports.logins.beginEhr({ linkId, caller, scopes, returnUrl }, launch);
  return { ...goToServer(begun), linkId };
}

/** Browsers say in which place they open a page (W3C, "Fetch Metadata Request Headers"). */
function isFramed({ headers }: OpenRequest): boolean {
  return /^i?frame$/.test(headers["sec-fetch-dest"] ?? "");
}

/** The value of a parameter that stands there once; undefined if it is absent, empty or repeated. */
function onlyValue(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 && values[0] !== "" ? values[0] : undefined;
}

function goToServer({ redirectTo: url, cookie }: BegunLogin): ApiResponse {
  return redirectTo(url, [`${cookie.name}=${cookie.value}; ${cookieAttributes}; Max-Age=${cookie.maxAgeSeconds}`]);
}

/** The prefix `__Host-` requires `Secure`, `Path=/` and no `Domain` (RFC 6265bis, 4.1.3). */
const cookieAttributes = "Path=/; Secure; HttpOnly; SameSite=Lax";

function showCallback({ logins }: SmartPagesPorts, request: OpenRequest): ApiResponse {
  const { queryString } = request;
  if (isFramed(request)) return framePage(`callback?${queryString}`);
  const callback = logins.readCallback(queryString);
  return callback.kind === "unusable" ? callbackFaultPage("malformed") : callbackPage(callback);
}

async function finish({ logins }: SmartPagesPorts, request: OpenRequest): Promise<ApiResponse> {
  const form = request.body.toString("utf8");
  const finished = await logins.finish(form, (name) => cookieOf(request, name));
  if (finished.kind === "unusable") {
    const again = finished.fault === "no-cookie" ? `callback?${form}` : undefined;
    return callbackFaultPage(finished.fault, again);
  }
  const { record, end } = finished;
  const cookies = [`${logins.cookieName(record.linkId)}=; ${cookieAttributes}; Max-Age=0`];
  return { ...endOf(record, end), cookies, linkId: record.linkId };
}

/** The cookie of a login. If it stands there twice, one may be another page's, and nobody can tell which is ours. */
function cookieOf({ cookies }: OpenRequest, name: string): string | undefined {
  const values = cookies(name);
  return values.length === 1 ? values[0] : undefined;
}

/** The application's own page, or ours. The URL says which link it is about and how it ended, and nothing of a person. */
function endOf({ linkId, launch: { returnUrl } }: LinkRecord, end: LaunchEnd): ApiResponse {
  if (returnUrl === null) return endPage(end);
  const url = new URL(returnUrl);
  url.searchParams.set("link", linkId);
  url.searchParams.set("state", end.state);
  return redirectTo(url, []);
}

const withoutBody = (response: ApiResponse): ApiResponse => ({ ...response, body: Buffer.alloc(0) });
