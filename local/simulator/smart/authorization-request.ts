import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import type { EhrContext } from "#local/simulator/smart/ehr-launches.ts";
import { fhirBaseOf } from "#local/simulator/smart/smart-endpoints.ts";
import { isSupported } from "#local/simulator/smart/smart-scopes.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";

/** Where the answer of an authorization request goes. */
export interface Callback {
  readonly redirectUri: string;
  /** Null if the request had none. */
  readonly state: string | null;
}

/** A valid authorization request (SMART: "Obtain authorization code"). */
export interface AuthorizationRequest {
  readonly app: RegisteredApp;
  readonly callback: Callback;
  readonly scopes: readonly string[];
  readonly codeChallenge: string;
  readonly nonce: string | null;
  /** Null in a standalone launch. */
  readonly launch: { readonly handle: string; readonly context: EhrContext } | null;
}

/**
 * A valid request, or its fault: an error for the callback, or the text of a page if the app or its redirect URI is not the
 * registered one (RFC 6749 4.1.2.1).
 */
export type AuthorizationCheck =
  | { readonly request: AuthorizationRequest }
  | { readonly callback: Callback; readonly error: string; readonly description: string }
  | { readonly page: string };

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** Validates an authorization request: RFC 6749 4.1.1 and 4.1.2.1, RFC 7636 4.3, SMART "Obtain authorization code". */
export function checkAuthorizationRequest(state: SimulatorState, query: URLSearchParams): AuthorizationCheck {
  const [clientIds, redirectUris] = [query.getAll("client_id"), query.getAll("redirect_uri")];
  const app = state.apps.get(clientIds[0] ?? "");
  if (clientIds.length !== 1 || app?.redirectUris === undefined) {
    return { page: "The app is not registered for this sign-in." };
  }
  const [redirectUri = ""] = redirectUris;
  if (redirectUris.length !== 1 || !app.redirectUris.includes(redirectUri)) {
    return { page: "The app asked for an answer at an address that is not registered." };
  }
  const states = query.getAll("state");
  const callback: Callback = { redirectUri, state: states.length === 1 && states[0] ? states[0] : null };
  const fault = wrongParameter(query) ?? wrongScope(query, app) ?? wrongAudience(state, query);
  if (fault !== null) return { callback, ...fault };
  const launch = launchOf(state, query, app);
  if (launch !== null && "error" in launch) return { callback, ...launch };
  const request = {
    app,
    callback,
    scopes: scopesOf(query),
    codeChallenge: query.get("code_challenge") ?? "",
    nonce: query.get("nonce"),
    launch,
  };
  return { request };
}

interface RequestFault {
  readonly error: string;
  readonly description: string;
}

function invalid(description: string): RequestFault {
  return { error: "invalid_request", description };
}

function wrongParameter(query: URLSearchParams): RequestFault | null {
  const repeated = [...new Set(query.keys())].filter((name) => query.getAll(name).length > 1);
  if (repeated.length > 0) return invalid(`sent more than once: ${repeated.join(", ")}`);
  const missing = ["response_type", "state", "scope", "aud", "code_challenge"].filter((name) => !query.get(name));
  if (missing.length > 0) return invalid(`missing: ${missing.join(", ")}`);
  if (query.get("response_type") !== "code") {
    return { error: "unsupported_response_type", description: "response_type is not code" };
  }
  if ((query.get("response_mode") ?? "query") !== "query") return invalid("response_mode is not query");
  if (query.get("code_challenge_method") !== "S256") return invalid("code_challenge_method is not S256");
  if (!CHALLENGE.test(query.get("code_challenge") ?? "")) return invalid("code_challenge is not one of S256");
  if (query.has("request") || query.has("request_uri")) {
    return { error: "request_not_supported", description: "request objects are not supported" };
  }
  if (query.get("prompt") === "none") return { error: "login_required", description: "the user must sign in" };
  return null;
}

function wrongScope(query: URLSearchParams, { scopes: registered }: RegisteredApp): RequestFault | null {
  const refused = scopesOf(query).filter((scope) => !isSupported(scope) || registered?.includes(scope) === false);
  if (refused.length === 0) return null;
  return { error: "invalid_scope", description: `not supported, or not registered: ${refused.join(" ")}` };
}

/** Only a trailing slash may differ. */
function wrongAudience(state: SimulatorState, query: URLSearchParams): RequestFault | null {
  const expected = fhirBaseOf(state);
  if (query.get("aud")?.replace(/\/$/, "") === expected) return null;
  return invalid(`aud is not ${expected}`);
}

function launchOf(
  { launches }: SimulatorState,
  query: URLSearchParams,
  { clientId }: RegisteredApp,
): AuthorizationRequest["launch"] | RequestFault {
  const handle = query.get("launch");
  const isEhrLaunch = scopesOf(query).includes("launch");
  if (handle === null && !isEhrLaunch) return null;
  if (handle === null) return invalid("the scope launch needs the parameter launch of an EHR launch");
  if (!isEhrLaunch) return invalid("the parameter launch needs the scope launch");
  const context = launches.find(handle, clientId);
  return context === undefined ? invalid("launch is not the handle of a present EHR launch") : { handle, context };
}

function scopesOf(query: URLSearchParams): string[] {
  return [...new Set((query.get("scope") ?? "").split(" ").filter((scope) => scope !== ""))];
}
