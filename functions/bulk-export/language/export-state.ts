import * as z from "zod";
import { caughtFailure } from "#platform/executions/explained-failure.ts";
import { exportId, run } from "./export-id.ts";
import { exportRequest } from "./export-request.ts";
import { warningCounts } from "./export-warnings.ts";

/*
 * The language of state-machines/bulk-export.asl.json: the input and the result of each state's Lambda. None of it may hold a
 * URL, a token, or a list that grows with the export: the execution history shows all state, and state is limited to 256 KiB.
 */

const epochSeconds = z.number().int().nonnegative();

/** `$.export`: it stays the same from validation to the end. */
export const exportContext = z.strictObject({
  exportId,
  run,
  requestId: z.string().nullable(),
  request: exportRequest,
  /** The export that this one replaces, because the server no longer had its job. */
  predecessor: exportId.nullable(),
  startedAt: z.iso.datetime(),
  deadlineAt: epochSeconds,
});
export type ExportContext = z.infer<typeof exportContext>;

/** `$.export` before validation. `input` is the execution's start input, unchecked. */
export const unvalidatedExport = z.object({
  executionName: z.string(),
  startedAt: z.string(),
  input: z.json(),
});
export type UnvalidatedExport = z.infer<typeof unvalidatedExport>;

/** The time of the next attempt: `waitSeconds` for the Wait state, `nextAt` for the Choice that checks the deadline. */
const nextTry = { waitSeconds: z.number().int().nonnegative(), nextAt: epochSeconds };

/** `$.lease`: whether this export holds the lease of its level. */
export const leaseResult = z.strictObject({
  /** `adopt`: the identical export that this one waited for has succeeded. This export takes over its result. */
  outcome: z.enum(["ours", "waiting", "adopt"]),
  ...nextTry,
  attempts: z.number().int().positive(),
  /** The identical export that this one waits for. */
  following: exportId.nullable(),
});
export type LeaseResult = z.infer<typeof leaseResult>;

export const leaseInput = z.object({ export: exportContext, lease: leaseResult.optional() });
export type LeaseInput = z.infer<typeof leaseInput>;

export const adoptInput = z.object({ export: exportContext, lease: leaseResult });
export type AdoptInput = z.infer<typeof adoptInput>;

/** `$.kickOff` */
export const kickOffResult = z.strictObject({
  outcome: z.enum(["accepted", "busy"]),
  ...nextTry,
  attempts: z.number().int().positive(),
  /** What could not be read in the answer that accepted the kick-off. Absent if nothing. */
  warnings: warningCounts.optional(),
});
export type KickOffResult = z.infer<typeof kickOffResult>;

export const kickOffInput = z.object({ export: exportContext, kickOff: kickOffResult.optional() });
export type KickOffInput = z.infer<typeof kickOffInput>;

/** `$.poll` */
export const pollResult = z.strictObject({
  outcome: z.enum(["in-progress", "ready"]),
  ...nextTry,
  polls: z.number().int().positive(),
  /** The number of consecutive attempts without an answer about the job (429, 5xx, a broken connection). */
  troubles: z.number().int().nonnegative(),
  /** The number of consecutive attempts that found no job (404, 410). Absent in executions of older versions. */
  gone: z.number().int().nonnegative().optional(),
  /** What could not be read in the answers so far. Absent if nothing. */
  warnings: warningCounts.optional(),
});
export type PollResult = z.infer<typeof pollResult>;

/** `kickOff`: absent if the export is resumed. */
export const pollInput = z.object({
  export: exportContext,
  kickOff: kickOffResult.optional(),
  poll: pollResult.optional(),
});
export type PollInput = z.infer<typeof pollInput>;

/** `$.plan` */
export const planResult = z.strictObject({
  /** `foreign`: the job belongs to another request. It is neither adopted nor deleted; the export waits and kicks off again. */
  outcome: z.enum(["planned", "foreign"]),
  ...nextTry,
  /** The number of consecutive jobs that belonged to other requests. */
  foreignJobs: z.number().int().nonnegative(),
  /** The number of files on the work list. */
  files: z.number().int().nonnegative(),
  /** The number of items on the work list. Absent in executions that releases up to 0.2.0 began. */
  items: z.number().int().nonnegative().optional(),
  workListKey: z.string(),
});
export type PlanResult = z.infer<typeof planResult>;

export const planInput = z.object({
  export: exportContext,
  kickOff: kickOffResult.optional(),
  poll: pollResult.optional(),
  plan: planResult.optional(),
});
export type PlanInput = z.infer<typeof planInput>;

const fileIndex = z.number().int().nonnegative();

/** The most files of one item of the work list. The history of a child execution has room for that many. */
export const mostFilesOfItem = 25;

/**
 * An item of the work list. It names files by their index in the plan, never by their URL: some URLs grant access by
 * themselves.
 */
export const workItem = z.strictObject({
  exportId,
  run,
  /** The files of the item. Absent in work lists of releases up to 0.2.0. */
  files: z.array(fileIndex).min(1).max(mostFilesOfItem).optional(),
  /** The only file of the item, in work lists of releases up to 0.2.0. */
  index: fileIndex.optional(),
});
export type WorkItem = z.infer<typeof workItem>;

/** A file of an item that has neither landed nor failed. */
export const pendingFile = z.strictObject({
  index: fileIndex,
  /** Its attempts so far. */
  attempts: z.number().int().nonnegative(),
  /** The number of its consecutive attempts in which the server refused the credentials. */
  refusals: z.number().int().nonnegative(),
  /** The time of its next attempt. */
  nextAt: epochSeconds,
});
export type PendingFile = z.infer<typeof pendingFile>;

/** `$.download` in a child execution of the Distributed Map. */
export const downloadResult = z.strictObject({
  /** `retry`: files of the item are pending. `failed`: none is pending, and one failed in this call. */
  outcome: z.enum(["landed", "retry", "failed"]),
  ...nextTry,
  /** The attempts at the file of an item that has only one. Of several files, the most attempts at one of them. */
  attempts: z.number().int().positive(),
  /**
   * The number of consecutive attempts at this file in which the server refused the credentials. Of several files, the most for
   * one of them, or the number of consecutive calls in which it refused every attempt.
   */
  refusals: z.number().int().nonnegative(),
  /** The pending files. Absent in executions that releases up to 0.2.0 began. */
  files: z.array(pendingFile).max(mostFilesOfItem).optional(),
  /** The number of consecutive calls that the server's faults ended before any file landed. Absent if none. */
  stalls: z.number().int().nonnegative().optional(),
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
  /** False if files are missing: the server keeps the job until its files expire, so that the export can be resumed. */
  deleteJob: z.boolean(),
});
export type Completion = z.infer<typeof completion>;

/** `kickOff`: absent if the export is resumed. */
export const completeInput = z.object({
  export: exportContext,
  lease: leaseResult,
  kickOff: kickOffResult.optional(),
  poll: pollResult,
  plan: planResult,
});
export type CompleteInput = z.infer<typeof completeInput>;

export const announceInput = z.object({ export: exportContext, completion });
export type AnnounceInput = z.infer<typeof announceInput>;

/** `failure`: why the export fails. Absent if it succeeds. */
export const deleteJobInput = z.object({ export: exportContext, failure: caughtFailure.optional() });
export type DeleteJobInput = z.infer<typeof deleteJobInput>;

/** `$.deletion`: for information only. A DELETE that fails never fails an export. */
export const deletion = z.strictObject({ deleted: z.boolean() });
export type Deletion = z.infer<typeof deletion>;

/** `$.fresh`: the new export that replaces this one, because the server no longer has its job. */
export const freshExport = z.strictObject({ exportId });
export type FreshExport = z.infer<typeof freshExport>;

export const freshInput = z.object({ export: exportContext });
export type FreshInput = z.infer<typeof freshInput>;

export const failInput = z.object({
  export: z.union([exportContext, unvalidatedExport]),
  failure: caughtFailure,
});
export type FailInput = z.infer<typeof failInput>;
