import * as z from "zod";
import type { EntryLines } from "#platform/bucket/long-record.ts";
import { exportId, run } from "./export-id.ts";
import { exportRequest } from "./export-request.ts";
import { exportWarning } from "./export-warnings.ts";
import { failedFile, issueCounts, type LandedFile, landedFile } from "./landed-file.ts";

/** How much of an export landed, and how many of its files did not. */
export const exportTotals = z.strictObject({
  files: z.number().int(),
  failedFiles: z.number().int(),
  lines: z.number().int(),
  bytes: z.number().int(),
});

const count = z.number().int().nonnegative();

/** The phases of a run, in whole seconds. They add up to the time from `startedAt` to `completedAt`. */
export const exportPhases = z.strictObject({
  /** Until the first kick-off request: waiting for the lease of the level. An export that adopted a result only waited. */
  waiting: count,
  /** From the kick-off to the manifest, the waits between polls included. */
  atServer: count,
  /** From the manifest to the summary: downloads, and the comparison of what landed with the plan. */
  downloading: count,
});
export type ExportPhases = z.infer<typeof exportPhases>;

/** What a run used, in units that AWS bills or that decide the price. A repeated step or attempt at a file is not counted. */
export const exportCost = z.strictObject({
  /** Up to the end of the run, child executions included. */
  stateTransitions: count,
  /** Calls of functions, up to the end of the run. */
  functionCalls: count,
  polls: count,
  /** Child executions: items of the work list. */
  items: count,
  /** The files that this run downloaded, and their bytes. An earlier run, or another export, may have downloaded others. */
  files: count,
  bytes: count,
});
export type ExportCost = z.infer<typeof exportCost>;

/** `exports/{exportId}/summary.json`: the result of an export, for consumers. */
export const exportSummary = z.strictObject({
  version: z.literal("1"),
  exportId,
  requestId: z.string().nullable(),
  /** `failed`: no file landed, or fewer files than the stage's settings require. */
  status: z.enum(["complete", "partial", "failed"]),
  request: exportRequest,
  /** The export that this one replaces. */
  predecessor: exportId.nullable(),
  /** The identical export that downloaded the files. This export took over its result. */
  adoptedFrom: exportId.nullable(),
  run,
  /** The server's time as received. Null if the manifest has none that is a text. */
  transactionTime: z.string().nullable(),
  serverJobId: z.string(),
  files: z.array(landedFile),
  failedFiles: z.array(failedFile),
  totals: exportTotals.extend({ issues: issueCounts }),
  /** What was not as it should be beside the data, one entry for each code. Absent in summaries of older versions. */
  warnings: z.array(exportWarning).default([]),
  timings: z.strictObject({
    startedAt: z.iso.datetime(),
    kickedOffAt: z.iso.datetime(),
    manifestReadAt: z.iso.datetime(),
    completedAt: z.iso.datetime(),
  }),
  /** How long each phase of the run took. Absent in summaries of releases up to 0.2.0. */
  phases: exportPhases.optional(),
  /** What the run used. Absent in summaries of releases up to 0.2.0. */
  cost: exportCost.optional(),
});
export type ExportSummary = z.infer<typeof exportSummary>;

/** A summary apart from the files that landed, which may be 100,000. */
export type SummaryHead = Omit<ExportSummary, "files">;

/** A summary to write. Its files may be a text already. */
export interface WrittenSummary extends SummaryHead {
  files: readonly LandedFile[] | EntryLines;
}

/** A summary that is read file by file. Its files can be read once. */
export interface StoredSummary extends SummaryHead {
  files: AsyncIterable<LandedFile>;
}
