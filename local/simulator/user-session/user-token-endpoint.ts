import { jsonReply, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { NO_STORE } from "#local/simulator/oauth/token-endpoint.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";
import { authenticateApp } from "#local/simulator/user-session/app-authentication.ts";
import type { GrantResult, UserSession } from "#local/simulator/user-session/user-sessions.ts";

/** The path of the users' token URL (guide: "Generation of access token"). */
export const USER_TOKEN_PATH = "/integra/Oauth2/oauth2Login";

/** The users' token URL with its query, which is also the `aud` of assertions. */
export function userTokenUrl({ baseUrl }: SimulatorState): string {
  return `${baseUrl}${USER_TOKEN_PATH.slice(1)}?provider=idx`;
}

const ONCE = [
  "grant_type",
  "code",
  "refresh_token",
  "client_id",
  "client_secret",
  "client_assertion_type",
  "client_assertion",
  "redirect_uri",
  "code_verifier",
  "scope",
] as const;
const TOMCAT_MESSAGES: Readonly<Record<number, string>> = { 400: "Bad Request", 401: "Unauthorized" };

/**
 * The users' token endpoint: guide "Generation of access token", RFC 6749 4.1.3, 5 and 6, and SMART "Obtain access token".
 */
export async function answerUserTokenRequest(context: RequestContext): Promise<Reply> {
  const { state, request, entry } = context;
  if (request.method !== "POST") return tomcatPage(405, "Method Not Allowed", "Use POST.", "not a POST");
  const refuse = oauthRefusals(context);
  if (new URLSearchParams(context.query).get("provider") !== "idx") {
    return refuse("invalid_request", "the query lacks provider=idx");
  }
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers["content-type"] ?? "")) {
    return refuse("invalid_request", "content-type is not application/x-www-form-urlencoded");
  }
  const form = new URLSearchParams(context.body.toString("utf8"));
  const repeated = ONCE.filter((name) => form.getAll(name).length > 1);
  if (repeated.length > 0) return refuse("invalid_request", `sent more than once: ${repeated.join(", ")}`);
  const check = await authenticateApp(state, request.headers.authorization, form, [userTokenUrl(state)]);
  if ("refusal" in check) return refuse(check.error, check.refusal);
  const { app } = check;
  entry.clientId = app.clientId;
  entry.authorization.accepted = entry.authorization.present;
  const wrong = wrongParameter(form);
  if (wrong !== null) return refuse(wrong.error, wrong.reason);
  const grant = redeem(context, app, form);
  if ("refusal" in grant) return refuse(grant.error ?? "invalid_grant", grant.refusal);
  entry.userId = grant.session.userId;
  return tokenAnswer(context, grant);
}

function wrongParameter(form: URLSearchParams): { error: string; reason: string } | null {
  const grantType = form.get("grant_type");
  if (!grantType) return { error: "invalid_request", reason: "missing: grant_type" };
  const needed = new Map([
    ["authorization_code", "code"],
    ["refresh_token", "refresh_token"],
  ]).get(grantType);
  if (needed === undefined) {
    return { error: "unsupported_grant_type", reason: "grant_type is neither authorization_code nor refresh_token" };
  }
  return form.get(needed) ? null : { error: "invalid_request", reason: `missing: ${needed}` };
}

function redeem({ state }: RequestContext, app: RegisteredApp, form: URLSearchParams): GrantResult {
  const scopes = (form.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  if (form.get("grant_type") === "refresh_token") {
    return state.sessions.refresh(form.get("refresh_token") ?? "", app, scopes);
  }
  const proof = { redirectUri: form.get("redirect_uri"), codeVerifier: form.get("code_verifier") };
  return state.sessions.redeemCode(form.get("code") ?? "", app, proof, scopes);
}

async function tokenAnswer(
  { state, fault }: RequestContext,
  { session, refreshToken, scopes, isNew }: Exclude<GrantResult, { refusal: string }>,
): Promise<Reply> {
  const lifetime = state.settings.userTokenLifetimeSeconds;
  const form = fault?.kind === "altered-id-token" ? fault.form : null;
  const fhirUser = state.users.get(session.userId)?.fhirUser;
  const { accessToken, idToken } = await state.signer.sign({ session, scopes, fhirUser, isNew, form }, lifetime);
  state.sessions.addAccessToken(accessToken, session, scopes);
  state.secrets.tokens.push(accessToken);
  state.secrets.userSecrets.push(...[refreshToken, idToken].filter((secret) => secret !== null));
  const body = {
    access_token: accessToken,
    expires_in: lifetime,
    ...(idToken === null ? {} : { id_token: idToken }),
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    scope: scopes.join(" "),
    token_type: "bearer",
    ...launchContext(session),
  };
  return jsonReply(200, body, NO_STORE);
}

/** SMART: "Launch context arrives with your access_token". */
function launchContext({ patientId, encounterId, needPatientBanner }: UserSession): object {
  return {
    ...(patientId === null ? {} : { patient: patientId }),
    ...(encounterId === null ? {} : { encounter: encounterId }),
    ...(needPatientBanner === null ? {} : { need_patient_banner: needPatientBanner }),
  };
}

/** Makes the error answers of the users' endpoints (RFC 6749 5.2), in the form of the option `userTokenErrors`. */
export function oauthRefusals({ state, request }: RequestContext): (error: string, description: string) => Reply {
  return (error, description) => {
    const status = error === "invalid_client" ? 401 : 400;
    const reason = `${error}: ${description}`;
    // RFC 6749 5.2: a client that used the Authorization header gets the scheme.
    const challenge =
      status === 401 && request.headers.authorization !== undefined
        ? { "www-authenticate": 'Basic realm="integra"' }
        : {};
    if (state.settings.userTokenErrors === "tomcat") {
      const message = TOMCAT_MESSAGES[status] ?? "Error";
      const page = tomcatPage(status, message, "The request was refused by the identity provider.", reason);
      return { ...page, headers: { ...page.headers, ...challenge } };
    }
    return jsonReply(status, { error, error_description: description }, { ...NO_STORE, ...challenge }, reason);
  };
}
