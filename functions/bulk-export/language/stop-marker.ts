import * as z from "zod";

/** `work/{exportId}/stop.json`, `stop-r1.json`, …: the run is stopped, and none of its steps may land a file any more. */
export const stopMarker = z.strictObject({
  reason: z.enum(["refused", "cancelled"]),
  /** The fault with which the export ends. */
  fault: z.enum(["AccessRefused", "ClientKeyUnusable", "ExportStopped"]),
  message: z.string(),
  at: z.iso.datetime(),
});
export type StopMarker = z.infer<typeof stopMarker>;
