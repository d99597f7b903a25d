import type { EventBus } from "#announcements/event-bus.ts";
import type { SessionDeath, UserSessionStore } from "#contracts/user-session.ts";
import type { Log } from "./log.ts";
import { describeError } from "./step.ts";

export interface SessionDeathPorts {
  bus: EventBus;
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
