import * as z from "zod";

/*
 * What all events of the bridge have in common. Each wing declares its own events in its language, and `functions/wings.ts`
 * composes them. Events carry pointers and counts, never PHI.
 */

/** The `source` of every event that the bridge publishes. */
export const eventSource = "integra-bridge";

/** An object in the landing bucket, or a prefix of it. */
export const pointer = z.strictObject({ bucket: z.string(), key: z.string() });
export type Pointer = z.infer<typeof pointer>;

/** The members at the beginning of every detail. */
export const eventHead = {
  version: z.literal("1"),
  eventId: z.string().describe("Stable for this fact: a consumer that has seen it before may drop the event."),
};

/** The events of a wing: the schema of each detail by its `detail-type`. */
export type EventSchemas = Readonly<Record<string, z.ZodType<{ eventId: string }>>>;

/** One event, ready to be published: a union over the wing's types, so that type and detail always agree. */
export type EventOf<Schemas extends EventSchemas> = {
  [Type in keyof Schemas & string]: { type: Type; detail: z.infer<Schemas[Type]> };
}[keyof Schemas & string];
