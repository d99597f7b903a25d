import { jsonReply, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { AssertionRefused } from "#local/simulator/oauth/client-assertion.ts";
import { isScopeCovered } from "#local/simulator/oauth/scopes.ts";
import type { RegisteredClient } from "#local/simulator/options.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PARAMETERS = ["grant_type", "scope", "client_assertion_type", "client_assertion", "client_id"] as const;
/** RFC 6749 5.1: a response with a token must not be stored; Pragma is its HTTP/1.0 form. */
export const NO_STORE = { "cache-control": "no-store", pragma: "no-cache" };

/** Path and query of the token URL (guide: "Get access token for bulk export"); also the end of the expected `aud`. */
export const TOKEN_TARGET = "integra/fhir/oauth2/token?provider=idx";

/** The token endpoint: guide "Get access token for bulk export", SMART Backend Services, RFC 6749 4.4 and 5. */
export async function answerTokenRequest(context: RequestContext): Promise<Reply> {
  const { state, request, entry } = context;
  if (request.method !== "POST") return tomcatPage(405, "Method Not Allowed", "Use POST.", "not a POST");
  if (new URLSearchParams(context.query).get("provider") !== "idx") {
    return oauthError(400, "invalid_request", "the query lacks provider=idx");
  }
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers["content-type"] ?? "")) {
    return oauthError(400, "invalid_request", "content-type is not application/x-www-form-urlencoded");
  }
  const form = new URLSearchParams(context.body.toString("utf8"));
  state.secrets.assertions.push(...form.getAll("client_assertion"));
  const refusal = checkForm(form, state.settings.invalidClientStatus);
  if (refusal !== null) return refusal;
  let client: RegisteredClient;
  try {
    client = await state.assertions.verify(form.get("client_assertion") ?? "", state.baseUrl + TOKEN_TARGET);
  } catch (error) {
    if (!(error instanceof AssertionRefused)) throw error;
    return oauthError(state.settings.invalidClientStatus, "invalid_client", error.message);
  }
  entry.clientId = client.clientId;
  if ((form.get("client_id") ?? client.clientId) !== client.clientId) {
    return oauthError(
      state.settings.invalidClientStatus,
      "invalid_client",
      "client_id is not the iss of the assertion",
    );
  }
  return grant(context, client, form.get("scope") ?? "");
}

function checkForm(form: URLSearchParams, invalidClientStatus: number): Reply | null {
  const repeated = PARAMETERS.filter((name) => form.getAll(name).length > 1);
  if (repeated.length > 0) return oauthError(400, "invalid_request", `sent more than once: ${repeated.join(", ")}`);
  const missing = ["grant_type", "client_assertion_type", "client_assertion"].filter((name) => !form.get(name));
  if (missing.length > 0) return oauthError(400, "invalid_request", `missing: ${missing.join(", ")}`);
  if (form.get("grant_type") !== "client_credentials") {
    return oauthError(400, "unsupported_grant_type", "grant_type is not client_credentials");
  }
  if (form.get("client_assertion_type") !== ASSERTION_TYPE) {
    return oauthError(invalidClientStatus, "invalid_client", `client_assertion_type is not ${ASSERTION_TYPE}`);
  }
  return null;
}

function grant({ state }: RequestContext, client: RegisteredClient, scope: string): Reply {
  const scopes = scope.split(" ").filter((one) => one !== "");
  if (scopes.length === 0) return oauthError(400, "invalid_scope", "scope is missing");
  const excess = scopes.filter((one) => !isScopeCovered(one, client.scopes));
  if (excess.length > 0) return oauthError(400, "invalid_scope", `not pre-authorized: ${excess.join(" ")}`);
  const lifetime = state.settings.tokenLifetimeSeconds;
  const token = state.tokens.issue(client.clientId, scopes, lifetime);
  state.secrets.tokens.push(token);
  const body = { access_token: token, expires_in: lifetime, scope: scopes.join(" "), token_type: "bearer" };
  return jsonReply(200, body, NO_STORE);
}

function oauthError(status: number, error: string, description: string): Reply {
  return jsonReply(status, { error, error_description: description }, NO_STORE, `${error}: ${description}`);
}
