import * as z from "zod";
import { caughtFailure } from "#platform/executions/explained-failure.ts";
import { exportRequest, run } from "./export-request.ts";

/*
 * The language of state-machines/bulk-export.asl.json: what each state hands to its Lambda and gets back.
 * Nothing here may hold a URL, a token or a list that grows with the export: state is readable in the
 * execution history and limited to 256 KiB.
 */

/**
 * Also the S3 prefix and the name of the export's first execution, hence the narrow alphabet. Shorter than such a name
 * may be: executions that resume the export have a suffix.
 */
export const exportId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,71}$/);

const epochSeconds = z.number().int().nonnegative();

/** `$.export`: what stays the same from validation to the end. */
export const exportContext = z.strictObject({
  exportId,
  run,
  requestId: z.string().nullable(),
  request: exportRequest,
  /** The export that this one was started instead of, because the server had forgotten its job. */
  predecessor: exportId.nullable(),
  startedAt: z.iso.datetime(),
  deadlineAt: epochSeconds,
});
export type ExportContext = z.infer<typeof exportContext>;

/** `$.export` before validation: `input` is whatever the execution was started with. */
export const unvalidatedExport = z.object({
  executionName: z.string(),
  startedAt: z.string(),
  input: z.json(),
});
export type UnvalidatedExport = z.infer<typeof unvalidatedExport>;

/** When to act again: `waitSeconds` for the Wait state, `nextAt` for the deadline's Choice. */
const nextTry = { waitSeconds: z.number().int().nonnegative(), nextAt: epochSeconds };

/** `$.lease`: whether it is this export's turn at its level. */
export const leaseResult = z.strictObject({
  /** `adopt`: an identical export, which this one waited for, has ended well: its result is this one's, too. */
  outcome: z.enum(["ours", "waiting", "adopt"]),
  ...nextTry,
  attempts: z.number().int().positive(),
  /** The identical export that is waited for. */
  following: exportId.nullable(),
});
export type LeaseResult = z.infer<typeof leaseResult>;

export const leaseInput = z.object({ export: exportContext, lease: leaseResult.optional() });
export type LeaseInput = z.infer<typeof leaseInput>;

export const adoptInput = z.object({ export: exportContext, lease: leaseResult });
export type AdoptInput = z.infer<typeof adoptInput>;

/** `$.release`: told, not enforced: a lease whose execution has ended falls to the next one in any case. */
export const releaseResult = z.strictObject({ released: z.boolean() });
export type ReleaseResult = z.infer<typeof releaseResult>;

export const releaseInput = z.object({ export: exportContext });
export type ReleaseInput = z.infer<typeof releaseInput>;

/** `$.kickOff` */
export const kickOffResult = z.strictObject({
  outcome: z.enum(["accepted", "busy"]),
  ...nextTry,
  attempts: z.number().int().positive(),
});
export type KickOffResult = z.infer<typeof kickOffResult>;

export const kickOffInput = z.object({ export: exportContext, kickOff: kickOffResult.optional() });
export type KickOffInput = z.infer<typeof kickOffInput>;

/** `$.poll` */
export const pollResult = z.strictObject({
  outcome: z.enum(["in-progress", "ready"]),
  ...nextTry,
  polls: z.number().int().positive(),
  /** Consecutive answers that said nothing about the job (429, 5xx, cut sockets). */
  troubles: z.number().int().nonnegative(),
});
export type PollResult = z.infer<typeof pollResult>;

export const pollInput = z.object({ export: exportContext, poll: pollResult.optional() });
export type PollInput = z.infer<typeof pollInput>;

/** `$.plan` */
export const downloadPlan = z.strictObject({
  /** `foreign`: the job is another request's. It is neither adopted nor deleted, but waited out. */
  outcome: z.enum(["planned", "foreign"]),
  ...nextTry,
  /** Jobs in a row that were another request's. */
  foreignJobs: z.number().int().nonnegative(),
  /** Files on the work list. */
  files: z.number().int().nonnegative(),
  workListKey: z.string(),
});
export type DownloadPlan = z.infer<typeof downloadPlan>;

export const planInput = z.object({ export: exportContext, plan: downloadPlan.optional() });
export type PlanInput = z.infer<typeof planInput>;

/** One line of the work list. It names a file by its place in the plan, never by its URL: some URLs are capabilities. */
export const workItem = z.strictObject({ exportId, run, index: z.number().int().nonnegative() });
export type WorkItem = z.infer<typeof workItem>;

/** `$.download`, within a child of the Distributed Map. */
export const downloadResult = z.strictObject({
  outcome: z.enum(["landed", "retry", "failed"]),
  ...nextTry,
  attempts: z.number().int().positive(),
  /** Tries in a row that the server refused our credentials in. */
  refusals: z.number().int().nonnegative(),
});
export type DownloadResult = z.infer<typeof downloadResult>;

export const downloadInput = z.object({
  export: exportContext,
  item: workItem,
  download: downloadResult.optional(),
});
export type DownloadInput = z.infer<typeof downloadInput>;

/** `$.completion` */
export const completion = z.strictObject({
  status: z.enum(["complete", "partial"]),
  /** False while files are missing: the job is kept until they expire, so that the export can be resumed. */
  deleteJob: z.boolean(),
});
export type Completion = z.infer<typeof completion>;

export const completeInput = z.object({ export: exportContext });
export type CompleteInput = z.infer<typeof completeInput>;

export const announceInput = z.object({ export: exportContext, completion });
export type AnnounceInput = z.infer<typeof announceInput>;

export const deleteJobInput = z.object({ export: exportContext });
export type DeleteJobInput = z.infer<typeof deleteJobInput>;

/** `$.deletion`: told, not enforced, because a DELETE that fails never fails an export. */
export const deletion = z.strictObject({ deleted: z.boolean() });
export type Deletion = z.infer<typeof deletion>;

/** `$.fresh`: the export that was started instead of one whose job is gone. */
export const freshExport = z.strictObject({ exportId });
export type FreshExport = z.infer<typeof freshExport>;

export const freshInput = z.object({ export: exportContext });
export type FreshInput = z.infer<typeof freshInput>;

export const failInput = z.object({
  export: z.union([exportContext, unvalidatedExport]),
  failure: caughtFailure,
});
export type FailInput = z.infer<typeof failInput>;
