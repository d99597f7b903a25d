import * as z from "zod";

/**
 * The input of a sweep. `time` is the time for which the schedule was due, and is the sweep's clock. An operator who does not want to
 * wait until an end is old enough invokes the function with a later time.
 */
export const sweepTrigger = z.object({ time: z.iso.datetime() });
export type SweepTrigger = z.infer<typeof sweepTrigger>;

/** The result of a sweep: how many open things it looked at, and how many ends it published that nothing else had published. */
export const sweepResult = z.strictObject({ checked: z.number().int(), published: z.number().int() });
export type SweepResult = z.infer<typeof sweepResult>;
