import { bearerToken } from "#local/simulator/oauth/access-tokens.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";

/** The user of a valid token, or the reason of its refusal. */
export type UserCheck = { readonly user: RegisteredUser } | { readonly refusal: string };

/** Checks "Authorization: Bearer" with a user's token, as the FHIR API takes it (guide: "Configuration"). */
export function checkUserBearer(context: RequestContext): UserCheck {
  const bearer = bearerToken(context.request.headers);
  return "refusal" in bearer ? bearer : userOf(context, bearer.token, "authorization");
}

/** Checks the raw user's token in x-auth-token, as requests for CCDs take it (guide: "Kick-off Request"). */
export function checkUserToken(context: RequestContext): UserCheck {
  const token = context.request.headers["x-auth-token"];
  if (token === undefined) return { refusal: "there is no x-auth-token header" };
  return userOf(context, String(token), "xAuthToken");
}

/** True if the user is authorized to see the patient. */
export function maySee({ patients }: RegisteredUser, patientId: string): boolean {
  return patients === "all" || patients.includes(patientId);
}

function userOf(
  { state, entry }: RequestContext,
  token: string,
  credential: "authorization" | "xAuthToken",
): UserCheck {
  const check = state.sessions.check(token);
  if ("refusal" in check) return check;
  const user = state.users.get(check.session.userId);
  if (user === undefined) return { refusal: "the user is not registered any more" };
  entry[credential].accepted = true;
  entry.clientId = check.session.clientId;
  entry.userId = user.userId;
  return { user };
}
