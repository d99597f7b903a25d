import { jsonReply, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { NO_STORE } from "#local/simulator/oauth/token-endpoint.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import { REVOCATION_PATH, urlOf } from "#local/simulator/smart/smart-endpoints.ts";
import { authenticateApp } from "#local/simulator/user-session/app-authentication.ts";
import { oauthRefusals, userTokenUrl } from "#local/simulator/user-session/user-token-endpoint.ts";

/** Revokes a token (RFC 7009): a refresh token with its session, an access token alone. Unknown tokens get 200 (2.2). */
export async function answerRevocation(context: RequestContext): Promise<Reply> {
  const { state, request, entry } = context;
  if (request.method !== "POST") return tomcatPage(405, "Method Not Allowed", "Use POST.", "not a POST");
  const refuse = oauthRefusals(context);
  const form = new URLSearchParams(context.body.toString("utf8"));
  const audiences = [userTokenUrl(state), urlOf(state, REVOCATION_PATH)];
  const check = await authenticateApp(state, request.headers.authorization, form, audiences);
  if ("refusal" in check) return refuse(check.error, check.refusal);
  entry.clientId = check.app.clientId;
  entry.authorization.accepted = entry.authorization.present;
  const tokens = form.getAll("token");
  const [token = ""] = tokens;
  if (tokens.length !== 1 || token === "") return refuse("invalid_request", "there is not exactly one token");
  if (!state.sessions.revoke(token, check.app.clientId)) {
    return refuse("invalid_grant", "the token was issued to another client");
  }
  return jsonReply(200, {}, NO_STORE);
}
