import type { EventBus } from "#platform/bus/event-bus.ts";
import type { Log } from "#platform/lambda/log.ts";
import { metric } from "#platform/lambda/metrics.ts";
import { describeError } from "#platform/lambda/step.ts";
import type { SessionDeath, UserSessionStore } from "#user-session/language/user-session.ts";
import type { SessionEvent } from "./language/session-events.ts";

export interface SessionDeathPorts {
  bus: EventBus<SessionEvent>;
  store: Pick<UserSessionStore, "markTold">;
  /** Keeps the alarm ringing for as long as the dead session is asked for. */
  reportDeadSession: () => void;
  log: Log;
}

/**
 * What follows when a user session is found dead: the alarm rings, and the subscribers are told, once a death. Never fails,
 * because whoever needed the session is to hear of its death and not of this: what could not be told is told by whoever
 * meets the death next, under the same `eventId`.
 */
export const noticeOfDeath =
  (ports: SessionDeathPorts) =>
  async (sessionId: string, { at, refusal, words, told }: SessionDeath): Promise<void> => {
    ports.reportDeadSession();
    if (told) return;
    const endedAt = new Date(at).toISOString();
    try {
      await ports.bus.publish({
        type: "User Session Ended",
        detail: {
          version: "1",
          eventId: `session/${sessionId}/${endedAt}`,
          sessionId,
          endedAt,
          refusal,
          message: words,
        },
      });
      await ports.store.markTold(sessionId, at);
    } catch (error) {
      ports.log.error("the end of a user session could not be told", { sessionId, error: describeError(error) });
    }
  };

const deadSessionsMet = metric("user-session", "DeadSessionsMet", "Count");

/** Counts a request that met a dead session. The alarm rings until the session is renewed, or until nothing asks for it. */
export const reportDeadSession = (): void => deadSessionsMet(1);
