import { createHash } from "node:crypto";

/** A digest: what comes from outside may hold characters that an execution's name may not, and its case must count. */
export const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** The name of an execution that an event began, so that the same event delivered again meets it. */
export const nameByEvent = (eventId: string): string =>
  /^[A-Za-z0-9-]{1,60}$/.test(eventId) ? `event-${eventId}` : `event-${digest(eventId)}`;
