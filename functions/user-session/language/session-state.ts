import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import type { SessionAccess, SessionEnd, SessionRecord } from "./user-session.ts";

/** How a session stands, without its tokens. */
export interface SessionState extends Pick<SessionRecord, "attempts" | "retryAt"> {
  access: Pick<SessionAccess, "issuedAt"> | undefined;
  end: Pick<SessionEnd, "at" | "refusal"> | undefined;
}

/** The attributes of a session's ledger item that say how it stands. None of them is a token, and a policy can name them. */
export const sessionStateAttributes = ["pk", "issuedAt", "attempts", "retryAt", "deadAt", "refusal"] as const;

/** After so many refreshes without a result, one after the other, the token endpoint has failed for minutes. */
const manyAttempts = 5;

export interface ServiceSessionStanding {
  stage: string;
  /** The setting `api.serviceSession`. */
  serviceSession: boolean;
  /** Undefined if its first use is to come. */
  session: SessionState | undefined;
  now: number;
}

/**
 * Whether the stage's own session lives, as the bridge knows it. It is not refreshed: that would rotate its refresh token. So what the
 * server has ended since the last refresh is not known yet.
 */
export function serviceSessionFinding({ stage, serviceSession, session, now }: ServiceSessionStanding): Finding {
  const name = "the stage's own session";
  if (session === undefined) return ok(`${name} has not been used yet: its first use refreshes it`);
  if (session.end === undefined) return aliveFinding(name, session, now);
  const seen = `${name} ended ${timeOf(session.end.at)} (${session.end.refusal})`;
  const remedy =
    session.end.refusal === "client-refused"
      ? `correct the client in integra-bridge/${stage}/user-session`
      : `sign in as its user, and run npm run session -- add --stage ${stage}`;
  return serviceSession
    ? failed(seen, remedy)
    : warning(seen, `calls without a link do not use it. To renew it, ${remedy}`);
}

function aliveFinding(name: string, { access, attempts, retryAt }: SessionState, now: number): Finding {
  const refreshed = access === undefined ? "has no access token yet" : `was last refreshed ${timeOf(access.issuedAt)}`;
  if (attempts >= manyAttempts && retryAt !== undefined)
    return warning(
      `${name} ${refreshed}, and ${attempts} refreshes since then had no result. The next one is due ${timeOf(Math.max(retryAt, now))}`,
      "check the line server, and wait: the session is not lost",
    );
  return ok(`${name} lives, and ${refreshed}`);
}

const timeOf = (at: number): string => new Date(at).toISOString();
