import * as z from "zod";
import { type EventOf, eventHead } from "#platform/bus/event-language.ts";
import { linkId } from "./link-id.ts";
import { sessionRefusals } from "./session-faults.ts";

/** The end of the stage's own session concerns every caller whose requests name no link; that of a link's session, its caller. */
export const userSessionEnded = z.strictObject({
  ...eventHead,
  sessionId: z
    .string()
    .describe("The bridge's name of the session: `service`, or the id of a link, a dot and a further id."),
  linkId: linkId
    .optional()
    .describe(
      "The link whose session it is. Absent for the stage's own session. GET /links/{id} has its state `ended`.",
    ),
  endedAt: z.iso.datetime().describe("When the bridge found out that the session had ended."),
  refusal: z
    .enum(sessionRefusals)
    .describe("What the token endpoint refused: the session's refresh token, or the client that sent it."),
  message: z.string().describe("What happened and what to do, for people."),
});

/** Every event of a user session, by its `detail-type`. */
export const sessionEvents = { "User Session Ended": userSessionEnded } as const;

export type SessionEvent = EventOf<typeof sessionEvents>;
