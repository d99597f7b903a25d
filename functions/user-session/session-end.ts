import type { EventBus } from "#platform/bus/event-bus.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import type { Log } from "#platform/lambda/log.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import type { SessionEnd, UserSessionStore } from "#user-session/language/user-session.ts";
import { linkIdOf } from "./language/link-id.ts";
import type { SessionLogCode } from "./language/log-codes.ts";
import type { SessionEvent } from "./language/session-events.ts";
import { sessionMetrics } from "./language/session-metrics.ts";

export interface SessionEndPorts {
  bus: EventBus<SessionEvent>;
  store: Pick<UserSessionStore, "markEndPublished">;
  /** Keeps the alarm on while requests still need the ended session. */
  countEndedSessionUse: () => void;
  log: Log<SessionLogCode>;
}

/**
 * Reports that a user session was found ended: counts it for the alarm, and publishes the event once for each end. It never
 * throws, because the request that needed the session fails with the reason of the end, not with a fault of this report. If
 * the event cannot be published, the next process that finds the session ended publishes it with the same `eventId`.
 */
export const reportSessionEnd =
  (ports: SessionEndPorts) =>
  async (sessionId: string, { at, refusal, message, published }: SessionEnd): Promise<void> => {
    ports.countEndedSessionUse();
    if (published) return;
    const endedAt = new Date(at).toISOString();
    const linkId = linkIdOf(sessionId);
    try {
      await ports.bus.publish({
        type: "User Session Ended",
        detail: {
          version: "1",
          eventId: `session/${sessionId}/${endedAt}`,
          sessionId,
          ...(linkId !== undefined && { linkId }),
          endedAt,
          refusal,
          message,
        },
      });
      await ports.store.markEndPublished(sessionId, at);
    } catch (error) {
      ports.log.error("SESSION_END_UNPUBLISHED", { sessionId, error: describeError(error) });
    }
  };

const metrics = metricWriter(sessionMetrics);

/** Counts a request that needed an ended session. The alarm stays on until the session is renewed or requests stop. */
export const countEndedSessionUse = (): void => metrics.write({ DeadSessionsMet: 1 });
