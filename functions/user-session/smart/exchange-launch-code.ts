import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import type { TokenAnswer } from "#platform/http/token-answer.ts";
import { digestOf } from "#user-session/language/digest.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import { SessionDead } from "#user-session/language/session-faults.ts";
import type { OAuthClient, UserTokens } from "#user-session/language/user-session.ts";
import { type AuthorizationCode, issuedTokens, requestCodeTokens, type UserTokenPorts } from "../token-endpoint.ts";
import { missingScopes, refusedChoice } from "./granted-scopes.ts";
import { type Person, verifyIdToken } from "./id-token.ts";
import { patientOf } from "./launch-context.ts";
import type { SmartConfiguration } from "./smart-configuration.ts";

/** A login whose callback came back with a code. */
export interface LaunchedLogin {
  client: OAuthClient;
  code: Required<AuthorizationCode>;
  configuration: Pick<SmartConfiguration, "issuer" | "jwksUrl">;
  fhirUrl: URL;
  requestedScopes: readonly string[];
  nonceDigest: string;
}

/** What a launch gives: the session's tokens, who signed in, and whose record the session is about. */
export interface LaunchResult {
  tokens: UserTokens;
  person: Person;
  /** A bare id. Undefined if the server named no patient. */
  patient: string | undefined;
  grantedScope: string | undefined;
}

/** The result, or the failure with the refresh token that the server issued for nothing, so that it can be revoked. */
export type LaunchOutcome =
  | { kind: "session"; result: LaunchResult }
  | { kind: "failure"; failure: LaunchFailed; issued: string | undefined };

/**
 * Exchanges the code of a launch by one request, and proves what the answer says: who signed in, that a refresh token was issued, that
 * nothing is missing of what was asked for, and which patient was chosen. What the answer's `scope` says of a refresh token does not
 * count, the token itself does.
 *
 * Source: SMART App Launch, "Obtain access token"; RFC 6749, 4.1.3 and 5.1.
 * @returns a failure also if the server was unavailable: a code cannot be sent again
 */
export async function exchangeLaunchCode(ports: UserTokenPorts, login: LaunchedLogin): Promise<LaunchOutcome> {
  let answer: TokenAnswer | undefined;
  try {
    answer = await requestCodeTokens(ports, login.client, login.code);
    return { kind: "session", result: await provenResult(ports, login, answer) };
  } catch (error) {
    return { kind: "failure", failure: launchFailure(error), issued: answer?.refreshToken };
  }
}

async function provenResult(ports: UserTokenPorts, login: LaunchedLogin, answer: TokenAnswer): Promise<LaunchResult> {
  const { refreshToken, scope, members } = answer;
  const person = await verifyIdToken(ports, members["id_token"], {
    ...login.configuration,
    clientId: login.client.id,
    isNonce: (nonce) => digestOf(nonce) === login.nonceDigest,
  });
  if (refreshToken === undefined)
    throw new LaunchFailed(
      "the server issued no refresh token, so the link would end within minutes. Check that the client is registered for offline_access",
      { reason: "refresh-token-missing" },
    );
  const patient = patientOf(members["patient"], login.fhirUrl);
  const missing = missingScopes(login.requestedScopes, scope);
  if (patient === undefined) missing.push(...refusedChoice(login.requestedScopes, scope));
  if (missing.length > 0)
    throw new LaunchFailed(`the person or the server did not grant ${missing.join(", ")}`, {
      reason: "scopes-missing",
    });
  return { tokens: { ...issuedTokens(answer), refreshToken }, person, patient, grantedScope: scope };
}

/**
 * An error of a launch as the reason for which its link fails.
 * @throws the error itself if it is none of the launch's, but a fault of ours
 */
export function launchFailure(error: unknown): LaunchFailed {
  if (error instanceof LaunchFailed) return error;
  if (error instanceof SessionDead) {
    const reason = error.refusal === "client-refused" ? "client-refused" : "code-refused";
    return new LaunchFailed(error.message, { reason, cause: error });
  }
  if (error instanceof OriginRefused)
    return new LaunchFailed(error.message, { reason: "server-unusable", cause: error });
  if (error instanceof ServerUnavailable)
    return new LaunchFailed(error.message, { reason: "server-unavailable", cause: error });
  throw error;
}
