import * as z from "zod";
import { type EventOf, eventHead } from "#platform/bus/event-language.ts";
import { sessionRefusals } from "./session-faults.ts";

/** A session belongs to the bridge, not to a patient. Its end concerns every caller whose requests need it. */
export const userSessionEnded = z.strictObject({
  ...eventHead,
  sessionId: z.string().describe("The bridge's name of the session: service."),
  endedAt: z.iso.datetime().describe("When the bridge found out that the session had ended."),
  refusal: z
    .enum(sessionRefusals)
    .describe("What the token endpoint refused: the session's refresh token, or the client that sent it."),
  message: z.string().describe("What happened and what to do, for people."),
});

/** Every event of a user session, by its `detail-type`. */
export const sessionEvents = { "User Session Ended": userSessionEnded } as const;

export type SessionEvent = EventOf<typeof sessionEvents>;
