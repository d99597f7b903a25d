import * as z from "zod";
import { maskedDetail } from "./masked-detail.ts";

/**
 * An `Export Requested`, `Export Resume Requested` or `Export Cancel Requested` event as EventBridge delivers it. Its
 * detail is checked later, where faults can be reported.
 */
export const requestedByEvent = z.object({
  id: z.string().min(1),
  source: z.string(),
  account: z.string(),
  detail: z.json(),
});

export type RequestedByEvent = z.infer<typeof requestedByEvent>;

/** What a schedule hands to the starter; EventBridge Scheduler fills in the time for which it fired. */
export const requestedBySchedule = z.object({
  schedule: z.strictObject({
    name: z.string().min(1),
    time: z.string().min(1),
    fullEvery: z.number().int().positive().optional(),
  }),
  detail: z.json(),
});

/** What the starter works with: a detail that may be written down, whatever the caller sent. */
export const exportTrigger = z
  .union([requestedBySchedule, requestedByEvent])
  .transform((trigger) => ({ ...trigger, detail: maskedDetail(trigger.detail) }));
export type ExportTrigger = z.infer<typeof exportTrigger>;

/** "Step Functions Execution Status Change" of an execution that ended from outside, with the input that it began with. */
export const executionStopped = z.object({
  detail: z.object({
    name: z.string(),
    status: z.enum(["ABORTED", "TIMED_OUT"]),
    input: z.string().nullish(),
  }),
});
export type ExecutionStopped = z.infer<typeof executionStopped>;
