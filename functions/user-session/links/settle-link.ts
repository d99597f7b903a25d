import type { EventBus } from "#platform/bus/event-bus.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import type { Log } from "#platform/lambda/log.ts";
import {
  type GivenUpSession,
  giveUp,
  type LinkRecord,
  launchStateOf,
  sessionIdOf,
} from "#user-session/language/link.ts";
import { type LinkEvent, launchEndEvent, removalEvent } from "#user-session/language/link-events.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import { changeLink } from "./change-link.ts";
import { type GiveUpPorts, giveUpSessions } from "./give-up-sessions.ts";

export interface SettleLinkPorts extends GiveUpPorts {
  bus: EventBus<LinkEvent>;
}

/**
 * Carries on whatever a link has begun and not finished. A launch that was interrupted ends, the sessions that the link has given up
 * are revoked and deleted, and what was not published is published. If two processes do it at once, an event is published twice with
 * the same `eventId`.
 *
 * @returns the events that were published
 * @throws EventsUndelivered if EventBridge does not accept an event
 */
export async function settleLink(ports: SettleLinkPorts, linkId: string): Promise<LinkEvent[]> {
  await endInterruptedLaunch(ports, linkId);
  await giveUpSessions(ports, linkId);
  return await publishEnds(ports, linkId);
}

/**
 * Settles a link as `settleLink` does, or does a part of it, and never throws: the log has the fault, and the next sweep settles the link.
 * @returns whether it succeeded
 */
export async function reportLink(
  ports: SettleLinkPorts & { log: Pick<Log<SessionLogCode>, "error"> },
  linkId: string,
  settle: (ports: SettleLinkPorts, linkId: string) => Promise<unknown> = settleLink,
): Promise<boolean> {
  try {
    await settle(ports, linkId);
    return true;
  } catch (error) {
    ports.log.error("LINK_END_UNPUBLISHED", { linkId, error: describeError(error) });
    return false;
  }
}

/**
 * Publishes how the link's newest launch ended, and that the link was removed, as far as that is not published.
 * @throws EventsUndelivered if EventBridge does not accept an event
 */
export async function publishEnds({ records, bus, now }: SettleLinkPorts, linkId: string): Promise<LinkEvent[]> {
  const record = (await records.find(linkId))?.record;
  if (record === undefined) return [];
  const published: LinkEvent[] = [];
  const ofLaunch = launchEventOf(record, now());
  if (ofLaunch !== undefined) {
    await bus.publish(ofLaunch);
    published.push(ofLaunch);
    await changeLink(records, linkId, (newest) =>
      newest.launch.createdAt === record.launch.createdAt
        ? { ...newest, launch: { ...newest.launch, published: true } }
        : undefined,
    );
  }
  const { removal } = record;
  if (removal === null || removal.published || removal.atServer === null) return published;
  const ofRemoval = removalEvent(record, removal.at, removal.atServer);
  await bus.publish(ofRemoval);
  published.push(ofRemoval);
  await changeLink(records, linkId, (newest) => ({ ...newest, removal: { ...removal, published: true } }));
  return published;
}

/** The event of the newest launch; undefined if it is pending, if it was published, or if the session that it replaced is not revoked yet. */
function launchEventOf(record: LinkRecord, now: number): LinkEvent | undefined {
  const { launch, givenUp, removal } = record;
  if (launch.published || givenUp.some(({ why, atServer }) => why === "replaced" && atServer === null))
    return undefined;
  // A launch that was pending when its link was removed has ended by the removal.
  return launchEndEvent(record, launchStateOf(launch, removal?.at ?? now));
}

/** Ends a launch that stopped between the exchange of its code and the storing of its session, and gives up what it may have stored. */
async function endInterruptedLaunch({ records, now }: SettleLinkPorts, linkId: string): Promise<void> {
  await changeLink(records, linkId, (record) => {
    const { launch, removal } = record;
    const outcome = launchStateOf(launch, now());
    if (removal !== null || launch.end !== null || outcome.state !== "failed") return undefined;
    const session = interruptedSession(record);
    const givenUp = session === undefined ? record.givenUp : [...record.givenUp, giveUp(session, "interrupted", now())];
    return { ...record, launch: { ...launch, end: outcome }, givenUp };
  });
}

/** The session that the link's unfinished exchange may have stored; undefined if no exchange is unfinished. */
export function interruptedSession({
  linkId,
  launch,
}: LinkRecord): Pick<GivenUpSession, "sessionId" | "tokenUrl" | "revocationUrl"> | undefined {
  const { login, end } = launch;
  if (end !== null || login === null || login.exchange === null) return undefined;
  const { tokenUrl, revocationUrl } = login.configuration;
  return { sessionId: sessionIdOf(linkId, login.exchange), tokenUrl, revocationUrl };
}
