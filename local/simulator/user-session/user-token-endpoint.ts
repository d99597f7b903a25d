import { jsonReply, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { NO_STORE } from "#local/simulator/oauth/token-endpoint.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";
import { authenticateApp } from "#local/simulator/user-session/app-authentication.ts";
import type { GrantResult } from "#local/simulator/user-session/user-sessions.ts";

/** The path of the users' token URL (guide: "Generation of access token"). */
export const USER_TOKEN_PATH = "/integra/Oauth2/oauth2Login";

const SCOPES = ["openid", "offline"];
const ONCE = ["grant_type", "code", "refresh_token", "client_id", "client_secret", "redirect_uri", "scope"] as const;
const TOMCAT_MESSAGES: Readonly<Record<number, string>> = { 400: "Bad Request", 401: "Unauthorized" };

/** The users' token endpoint: guide "Generation of access token", RFC 6749 4.1.3, 5 and 6. */
export async function answerUserTokenRequest(context: RequestContext): Promise<Reply> {
  const { state, request, entry } = context;
  if (request.method !== "POST") return tomcatPage(405, "Method Not Allowed", "Use POST.", "not a POST");
  const refuse = refusalsOf(context);
  if (new URLSearchParams(context.query).get("provider") !== "idx") {
    return refuse("invalid_request", "the query lacks provider=idx");
  }
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers["content-type"] ?? "")) {
    return refuse("invalid_request", "content-type is not application/x-www-form-urlencoded");
  }
  const form = new URLSearchParams(context.body.toString("utf8"));
  const repeated = ONCE.filter((name) => form.getAll(name).length > 1);
  if (repeated.length > 0) return refuse("invalid_request", `sent more than once: ${repeated.join(", ")}`);
  const check = authenticateApp(state.apps, request.headers.authorization, form);
  if ("refusal" in check) return refuse(check.error, check.refusal);
  const { app } = check;
  entry.clientId = app.clientId;
  entry.authorization.accepted = entry.authorization.present;
  const wrong = wrongParameter(form);
  if (wrong !== null) return refuse(wrong.error, wrong.reason);
  const grant = redeem(context, app, form);
  if ("refusal" in grant) return refuse("invalid_grant", grant.refusal);
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
  if (!form.get(needed)) return { error: "invalid_request", reason: `missing: ${needed}` };
  const excess = (form.get("scope") ?? "").split(" ").filter((scope) => scope !== "" && !SCOPES.includes(scope));
  return excess.length === 0 ? null : { error: "invalid_scope", reason: "the scope exceeds openid and offline" };
}

function redeem({ state }: RequestContext, app: RegisteredApp, form: URLSearchParams): GrantResult {
  if (form.get("grant_type") === "refresh_token") return state.sessions.refresh(form.get("refresh_token") ?? "", app);
  return state.sessions.redeemCode(form.get("code") ?? "", app, {
    redirectUri: form.get("redirect_uri"),
    codeVerifier: form.get("code_verifier"),
  });
}

async function tokenAnswer(
  { state }: RequestContext,
  grant: Exclude<GrantResult, { refusal: string }>,
): Promise<Reply> {
  const lifetime = state.settings.userTokenLifetimeSeconds;
  const { accessToken, idToken } = await state.signer.sign(grant.session, lifetime);
  state.sessions.addAccessToken(accessToken, grant.session);
  state.secrets.tokens.push(accessToken);
  state.secrets.userSecrets.push(grant.refreshToken, idToken);
  const body = {
    access_token: accessToken,
    expires_in: lifetime,
    id_token: idToken,
    refresh_token: grant.refreshToken,
    scope: SCOPES.join(" "),
    token_type: "bearer",
  };
  return jsonReply(200, body, NO_STORE);
}

function refusalsOf({ state, request }: RequestContext): (error: string, description: string) => Reply {
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
