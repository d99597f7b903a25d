import * as z from "zod";

/*
 * These schemas are apart from those of the records, so that functions which only name a link create no others.
 */

export const linkId = z.string().regex(/^link-[0-9a-f]{32}$/, "must be link- and 32 digits or letters a to f");

/** The place of a link in its caller's list: when it was created, and its id. */
export const linkPlace = z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z link-[0-9a-f]{32}$/);

/** The link of a session, by the session's id (`finish-login.ts`); undefined for the stage's own session. */
export function linkIdOf(sessionId: string): string | undefined {
  return linkId.safeParse(sessionId.split(".", 1)[0]).data;
}
