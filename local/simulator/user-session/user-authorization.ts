import { bearerToken } from "#local/simulator/oauth/access-tokens.ts";
import { parseResourceScope } from "#local/simulator/oauth/scopes.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { UserSession } from "#local/simulator/user-session/user-sessions.ts";

/** What a valid token gives access to. */
export interface UserAccess {
  readonly user: RegisteredUser;
  readonly session: UserSession;
  /** The scopes of the token. */
  readonly scopes: readonly string[];
}

/** The access of a valid token, or the reason of its refusal. */
export type UserCheck = UserAccess | { readonly refusal: string };

/** Checks "Authorization: Bearer" with a user's token, as the FHIR API takes it (guide: "Configuration"). */
export function checkUserBearer(context: RequestContext): UserCheck {
  const bearer = bearerToken(context.request.headers);
  return "refusal" in bearer ? bearer : accessOf(context, bearer.token, "authorization");
}

/** Checks the raw user's token in x-auth-token, as requests for CCDs take it (guide: "Kick-off Request"). */
export function checkUserToken(context: RequestContext): UserCheck {
  const token = context.request.headers["x-auth-token"];
  if (token === undefined) return { refusal: "there is no x-auth-token header" };
  return accessOf(context, String(token), "xAuthToken");
}

/** True if the user is authorized to see the patient, and the session is not limited to another one. */
export function maySee({ user, session }: Omit<UserAccess, "scopes">, patientId: string): boolean {
  return isAuthorized(user, patientId) && !isOutsideLaunch(session, patientId);
}

/** True if the user is authorized to see the patient, in whichever session. */
export function isAuthorized({ patients }: RegisteredUser, patientId: string): boolean {
  return patients === "all" || patients.includes(patientId);
}

/** True if the launch chose another patient than this one. */
export function isOutsideLaunch({ patientId: chosen }: UserSession, patientId: string): boolean {
  return chosen !== null && chosen !== patientId;
}

/** True if the token's scopes permit to read ("r") or search ("s") resources of the type. */
export function isPermitted({ session, scopes }: UserAccess, type: string, permission: "r" | "s"): boolean {
  if (!session.limitedByScopes) return true;
  return scopes.some((scope) => {
    const held = parseResourceScope(scope);
    return held !== null && ["*", type].includes(held.type) && held.permissions.includes(permission);
  });
}

function accessOf(
  { state, entry }: RequestContext,
  token: string,
  credential: "authorization" | "xAuthToken",
): UserCheck {
  const check = state.sessions.check(token);
  if ("refusal" in check) return check;
  const { session, scopes } = check;
  const user = state.users.get(session.userId);
  if (user === undefined) return { refusal: "the user is not registered any more" };
  entry[credential].accepted = true;
  entry.clientId = session.clientId;
  entry.userId = user.userId;
  return { user, session, scopes };
}
