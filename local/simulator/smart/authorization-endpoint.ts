import type { Reply } from "#local/simulator/http/http-reply.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import { checkAuthorizationRequest } from "#local/simulator/smart/authorization-request.ts";
import { callbackReply } from "#local/simulator/smart/callback.ts";
import { refusalPage } from "#local/simulator/smart/page.ts";
import { nextStep } from "#local/simulator/smart/sign-in-steps.ts";

/**
 * The authorization endpoint, by GET or by a form (SMART: "Obtain authorization code"). An EHR launch goes on in the EHR's
 * session: its handle names the user, so that the user need not sign in again.
 */
export function answerAuthorization(context: RequestContext): Reply {
  const { state, request, entry } = context;
  const url = new URLSearchParams(context.query);
  if (url.get("provider") !== "idx") return refusalPage("The address of the sign-in lacks provider=idx.");
  const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers["content-type"] ?? "");
  if (request.method !== "GET" && !(request.method === "POST" && isForm)) {
    return refusalPage("Use GET, or POST with a form.", 405);
  }
  const parameters = request.method === "GET" ? url : new URLSearchParams(context.body.toString("utf8"));
  const check = checkAuthorizationRequest(state, parameters);
  if ("page" in check) return refusalPage(check.page);
  if ("error" in check) return callbackReply(state, check.callback, check);
  const { app, launch } = check.request;
  entry.clientId = app.clientId;
  const user = launch === null ? null : (state.users.get(launch.context.userId) ?? null);
  return nextStep(state, state.signIns.begin(check.request, user));
}
