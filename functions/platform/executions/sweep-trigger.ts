import * as z from "zod";

/**
 * The input of a sweep. `time` is the time for which the schedule was due, and is the sweep's clock. An operator who does not want to
 * wait until an end is old enough invokes the function with a later time.
 */
export const sweepTrigger = z.object({ time: z.iso.datetime() });
export type SweepTrigger = z.infer<typeof sweepTrigger>;
