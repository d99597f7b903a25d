import type { Log } from "#platform/lambda/log.ts";
import {
  type GivenUpSession,
  giveUp,
  interruptionOf,
  type LinkRecord,
  type RevocationResult,
} from "#user-session/language/link.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import { changeLink } from "./change-link.ts";
import { giveUpSessions } from "./give-up-sessions.ts";
import { interruptedSession, publishEnds, reportLink, type SettleLinkPorts } from "./settle-link.ts";

export interface RemoveLinkPorts extends SettleLinkPorts {
  log: Pick<Log<SessionLogCode>, "error">;
}

/**
 * Removes a link. The removal is stored first, and from then on no call is made under the link. Then the server is asked to revoke the
 * session, the tokens are deleted, and the event says what came of it. If the bridge stops in between, the same call or the next sweep
 * carries on. The record itself stays for a month, so that its caller can read what came of it.
 *
 * @returns what became of the refresh token at the server
 * @throws Error if the link changes all the time, or if the server could not be asked because of a fault of ours
 */
export async function removeLink(ports: RemoveLinkPorts, linkId: string): Promise<RevocationResult> {
  const { records } = ports;
  await changeLink(records, linkId, (record) => (record.removal === null ? removed(record, ports.now()) : undefined));
  await giveUpSessions(ports, linkId);
  // The link is removed already, and the caller's answer says so, whether the events were published or not.
  await reportLink(ports, linkId, publishEnds);
  const removal = (await records.find(linkId))?.record.removal;
  return removal?.atServer ?? "nothing-to-revoke";
}

function removed(record: LinkRecord, at: number): LinkRecord {
  const { linked, launch } = record;
  const givenUp: GivenUpSession[] = [...record.givenUp];
  if (linked !== null) givenUp.push(giveUp(linked, "removed", at));
  const interrupted = interruptedSession(record);
  // The process that exchanges the code at this moment deletes its session itself. If it stops, a sweep does.
  if (interrupted !== undefined && launch.login?.exchange)
    givenUp.push(giveUp(interrupted, "interrupted", interruptionOf(launch.login.exchange)));
  const atServer = linked === null ? "nothing-to-revoke" : null;
  return { ...record, linked: null, givenUp, removal: { at, atServer, published: false } };
}
