import type { GivenUpSession, LinkRecord, RevocationResult } from "#user-session/language/link.ts";
import type { UserSessionStore } from "#user-session/language/user-session.ts";
import { changeLink } from "./change-link.ts";
import type { LinkRecords } from "./link-records.ts";
import type { RevokeSession } from "./revoke-session.ts";

export interface GiveUpPorts {
  records: Pick<LinkRecords, "find" | "replace">;
  sessions: Pick<UserSessionStore, "retire" | "remove">;
  /** Asks the server to revoke a refresh token. It reports a failure in the log, and throws nothing that the server can cause. */
  revoke: RevokeSession;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Ends the sessions that a link has given up. Each is made unusable here first. Then the server is asked to revoke it, the result is
 * stored in the link, and the tokens are deleted. Each step may be repeated, so another process carries on after a crash.
 *
 * As long as the link has a session, the server is not asked. A server may revoke the whole grant of the person (RFC 7009, 2.1), and with
 * it the session that the link has.
 */
export async function giveUpSessions(ports: GiveUpPorts, linkId: string): Promise<void> {
  const { records, sessions } = ports;
  const { givenUp = [], linked = null } = (await records.find(linkId))?.record ?? {};
  for (const session of givenUp.filter(({ from }) => from <= ports.now())) {
    const { sessionId } = session;
    if (session.atServer === null) {
      const atServer = await revoked(ports, session, linked !== null);
      await changeLink(records, linkId, (record) => withResult(record, sessionId, atServer));
    }
    await sessions.remove(sessionId);
    await changeLink(records, linkId, (record) => ({
      ...record,
      givenUp: record.givenUp.filter((other) => other.sessionId !== sessionId),
    }));
  }
}

async function revoked(
  { sessions, revoke, now }: GiveUpPorts,
  session: GivenUpSession,
  hasAnother: boolean,
): Promise<RevocationResult> {
  const message = "the link was removed or connected again, so its earlier session has ended";
  const refreshToken = await sessions.retire(session.sessionId, { at: now(), message });
  if (refreshToken === undefined) return "nothing-to-revoke";
  return hasAnother ? "not-asked" : await revoke(session, refreshToken);
}

/** The link with what the server said. Undefined if another process has stored it before. */
function withResult(record: LinkRecord, sessionId: string, atServer: RevocationResult): LinkRecord | undefined {
  const session = record.givenUp.find((one) => one.sessionId === sessionId && one.atServer === null);
  if (session === undefined) return undefined;
  const givenUp = record.givenUp.map((one) => (one === session ? { ...one, atServer } : one));
  const { removal, launch } = record;
  if (session.why === "removed" && removal !== null)
    return { ...record, givenUp, removal: { ...removal, atServer: removal.atServer ?? atServer } };
  if (session.why === "replaced" && launch.end?.state === "linked")
    return { ...record, givenUp, launch: { ...launch, end: { ...launch.end, earlierSession: atServer } } };
  return { ...record, givenUp };
}
