import * as z from "zod";
import { maskedDetail } from "./masked-detail.ts";

/**
 * An `Export Requested`, `Export Resume Requested` or `Export Cancel Requested` event as EventBridge delivers it. Its detail
 * is checked later, by a step that can report its faults.
 */
export const requestedByEvent = z.object({
  id: z.string().min(1),
  source: z.string(),
  account: z.string(),
  detail: z.json(),
});

export type RequestedByEvent = z.infer<typeof requestedByEvent>;

/** The input that a schedule sends. EventBridge Scheduler fills in `time`, the time at which the schedule was due. */
export const requestedBySchedule = z.object({
  schedule: z.strictObject({
    name: z.string().min(1),
    time: z.string().min(1),
    fullEvery: z.number().int().positive().optional(),
  }),
  detail: z.json(),
});

/** The input of the `start-export` step. Its detail is masked, so it may be stored whatever the caller sent. */
export const exportTrigger = z
  .union([requestedBySchedule, requestedByEvent])
  .transform((trigger) => ({ ...trigger, detail: maskedDetail(trigger.detail) }));
export type ExportTrigger = z.infer<typeof exportTrigger>;

/**
 * "Step Functions Execution Status Change" of an execution that did not succeed. `input` is its start input, or null if that is
 * large. AWS documents `error` and `cause` for none of its examples, so both may be absent.
 */
export const executionEnded = z.object({
  detail: z.object({
    name: z.string(),
    status: z.enum(["FAILED", "TIMED_OUT", "ABORTED"]),
    input: z.string().nullish(),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});
export type ExecutionEnded = z.infer<typeof executionEnded>;
