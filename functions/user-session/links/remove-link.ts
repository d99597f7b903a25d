import type { EventBus } from "#platform/bus/event-bus.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { LinkEvent, RevocationResult } from "#user-session/language/link-events.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import type { LinkRecords, StoredLink } from "./link-records.ts";
import type { RevokeSession } from "./revoke-session.ts";

export interface RemoveLinkPorts {
  records: Pick<LinkRecords, "find" | "remove">;
  sessions: {
    /** Removes a session, and returns its newest refresh token; undefined if there was no session. */
    remove(sessionId: string): Promise<string | undefined>;
  };
  /** Asks the server to revoke a refresh token. It reports a failure in the log, and never throws. */
  revoke: RevokeSession;
  bus: EventBus<LinkEvent>;
  log: Log<SessionLogCode>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How often the removal begins again if the link changes meanwhile. */
const mostAttempts = 5;

/**
 * Removes a link. Its tokens go first: should the bridge stop in between, the link stays without a session, and the same call removes
 * it. The server is asked to revoke the session, and the event says what came of it.
 * @returns what became of the refresh token at the server
 * @throws Error if the link changes all the time
 */
export async function removeLink(ports: RemoveLinkPorts, stored: StoredLink): Promise<RevocationResult> {
  let atServer: RevocationResult = "nothing-to-revoke";
  let current: StoredLink | undefined = stored;
  for (let attempt = 0; current !== undefined; attempt += 1) {
    if (attempt === mostAttempts) throw new Error(`${stored.record.linkId} changes all the time: remove it again`);
    const { linkId, linked } = current.record;
    const refreshToken = linked === null ? undefined : await ports.sessions.remove(linked.sessionId);
    if (linked !== null && refreshToken !== undefined) atServer = await ports.revoke(linked, refreshToken);
    if (await ports.records.remove(current)) {
      await publishRemoval(ports, current, atServer);
      return atServer;
    }
    current = await ports.records.find(linkId);
  }
  return atServer;
}

async function publishRemoval(
  { bus, log, now }: RemoveLinkPorts,
  { record: { linkId, launch } }: StoredLink,
  atServer: RevocationResult,
): Promise<void> {
  const revokedAt = new Date(now()).toISOString();
  const head = { version: "1" as const, eventId: `link/${linkId}/revoked`, linkId, launch: launch.kind };
  try {
    await bus.publish({ type: "User Link Revoked", detail: { ...head, revokedAt, atServer } });
  } catch (error) {
    // The link is gone already, and the caller's answer says so.
    log.error("LINK_END_UNPUBLISHED", { linkId, error: describeError(error) });
  }
}
