import type { EventBus } from "#platform/bus/event-bus.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import type { Log } from "#platform/lambda/log.ts";
import { type LinkRecord, launchStateOf } from "#user-session/language/link.ts";
import type { LinkEvent } from "#user-session/language/link-events.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import type { LinkRecords } from "./link-records.ts";

export interface LaunchEndPorts {
  records: Pick<LinkRecords, "find" | "replace">;
  bus: EventBus<LinkEvent>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Publishes how a link's newest launch ended, if that was not published before, and marks it as published. A launch that has expired, or
 * was interrupted, ends by this. If two processes do it at once, the event is published twice with the same `eventId`.
 *
 * @throws EventsUndelivered if EventBridge does not accept the event
 */
export async function publishLaunchEnd(ports: LaunchEndPorts, record: LinkRecord): Promise<void> {
  const event = eventOf(record, ports.now());
  if (record.launch.published || event === null) return;
  await ports.bus.publish(event);
  const stored = await ports.records.find(record.linkId);
  if (stored === undefined || stored.record.launch.createdAt !== record.launch.createdAt) return;
  const launch = { ...stored.record.launch, published: true };
  // If the link changed meanwhile, the event is published again, and its subscribers recognise it.
  await ports.records.replace(stored, { ...stored.record, launch });
}

/** Publishes like `publishLaunchEnd`, and never throws: the link has ended all the same, and its next reader publishes the end. */
export async function reportLaunchEnd(
  ports: LaunchEndPorts & { log: Pick<Log<SessionLogCode>, "error"> },
  record: LinkRecord,
): Promise<void> {
  try {
    await publishLaunchEnd(ports, record);
  } catch (error) {
    ports.log.error("LINK_END_UNPUBLISHED", { linkId: record.linkId, error: describeError(error) });
  }
}

function eventOf({ linkId, launch }: LinkRecord, now: number): LinkEvent | null {
  const outcome = launchStateOf(launch, now);
  const head = {
    version: "1" as const,
    eventId: `link/${linkId}/${new Date(launch.createdAt).toISOString()}`,
    linkId,
    launch: launch.kind,
  };
  switch (outcome.state) {
    case "pending":
      return null;
    case "linked":
      return { type: "User Linked", detail: { ...head, linkedAt: new Date(outcome.at).toISOString() } };
    case "expired": {
      const endedAt = new Date(launch.login?.until ?? launch.expiresAt).toISOString();
      const message = "Nobody finished the sign-in in time. Start the link again";
      return { type: "User Link Failed", detail: { ...head, endedAt, state: "expired", reason: null, message } };
    }
    case "denied": {
      const endedAt = new Date(outcome.at).toISOString();
      const message = "The person or the server denied the access. Start the link again if the person wants it";
      return { type: "User Link Failed", detail: { ...head, endedAt, state: "denied", reason: null, message } };
    }
    default: {
      const { at, reason, message } = outcome;
      const endedAt = new Date(at).toISOString();
      return { type: "User Link Failed", detail: { ...head, endedAt, state: "failed", reason, message } };
    }
  }
}
