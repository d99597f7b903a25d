import * as z from "zod";
import { exportRequest, run } from "./export-request.ts";
import { exportId } from "./export-state.ts";

/*
 * What a run leaves in S3, as JSON. Under `exports/` for consumers: the summary. Under `work/` for the bridge
 * itself: the job, the plan, the receipts and failures of single files, the stop marker.
 */

/** Which list of the manifest a file stood in. `error` and `outcome` hold OperationOutcomes, `deleted` Bundles. */
export const fileKinds = ["output", "error", "outcome", "deleted"] as const;
export const fileKind = z.enum(fileKinds);
export type FileKind = z.infer<typeof fileKind>;

export const crc32 = z.strictObject({ algorithm: z.literal("CRC32"), value: z.string() });

const severities = ["fatal", "error", "warning", "information"] as const;
export type IssueSeverity = (typeof severities)[number];
export const issueCounts = z.strictObject({
  fatal: z.number().int(),
  error: z.number().int(),
  warning: z.number().int(),
  information: z.number().int(),
});
export type IssueCounts = z.infer<typeof issueCounts>;

/** `work/{exportId}/export.json`: what is carried out under this id, kept for resumptions and cancellations. */
export const exportRecord = z.strictObject({
  exportId,
  requestId: z.string().nullable(),
  request: exportRequest,
  predecessor: exportId.nullable(),
});
export type ExportRecord = z.infer<typeof exportRecord>;

/** `work/{exportId}/job.json`: written right after the kick-off, so that no crash can lose the job. */
export const exportJob = z.strictObject({
  exportId,
  statusUrl: z.url(),
  kickOffUrl: z.url(),
  kickedOffAt: z.iso.datetime(),
  /** Whether its manifest showed it to be another request's job: it is never adopted, and never deleted. */
  foreign: z.boolean(),
});
export type ExportJob = z.infer<typeof exportJob>;

/** One file of the manifest and the place where it will land. */
export const plannedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  url: z.url(),
  key: z.string(),
  /** Lines that the manifest announces, where it does. */
  count: z.number().int().nonnegative().nullable(),
});
export type PlannedFile = z.infer<typeof plannedFile>;

/** `work/{exportId}/plan.json`: which file lands where. A run that resumes the export renews the URLs in it. */
export const exportPlan = z.strictObject({
  exportId,
  run,
  transactionTime: z.string(),
  requiresAccessToken: z.boolean(),
  manifestReadAt: z.iso.datetime(),
  files: z.array(plannedFile),
});
export type ExportPlan = z.infer<typeof exportPlan>;

/** A file that landed whole: `lines` records and `bytes` bytes as stored, with S3's own full-object checksum. */
export const landedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  lines: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  checksum: crc32,
  landedAt: z.iso.datetime(),
  issues: issueCounts.optional(),
});
export type LandedFile = z.infer<typeof landedFile>;

/** A file that did not land, and why, in words for people. */
export const failedFile = z.strictObject({
  index: z.number().int().nonnegative(),
  kind: fileKind,
  type: z.string(),
  key: z.string(),
  reason: z.string(),
  attempts: z.number().int().nonnegative(),
});
export type FailedFile = z.infer<typeof failedFile>;

/** `work/{exportId}/stop.json`, `stop-r1.json`, …: no step of this run may land anything any more. */
export const stopMarker = z.strictObject({
  reason: z.enum(["refused", "cancelled"]),
  /** The fault that the export ends with. */
  fault: z.enum(["AccessRefused", "ClientKeyUnusable", "ExportStopped"]),
  message: z.string(),
  at: z.iso.datetime(),
});
export type StopMarker = z.infer<typeof stopMarker>;

/** How much of an export landed, and how many files of it did not. */
export const exportTotals = z.strictObject({
  files: z.number().int(),
  failedFiles: z.number().int(),
  lines: z.number().int(),
  bytes: z.number().int(),
});

/** `exports/{exportId}/summary.json` */
export const exportSummary = z.strictObject({
  version: z.literal("1"),
  exportId,
  requestId: z.string().nullable(),
  /** `failed`: nothing landed, or less than the stage's settings tolerate. */
  status: z.enum(["complete", "partial", "failed"]),
  request: exportRequest,
  /** The export that this one was started instead of. */
  predecessor: exportId.nullable(),
  /** The identical export whose objects these are: nothing was downloaded twice. */
  adoptedFrom: exportId.nullable(),
  run,
  transactionTime: z.string(),
  serverJobId: z.string(),
  files: z.array(landedFile),
  failedFiles: z.array(failedFile),
  totals: exportTotals.extend({ issues: issueCounts }),
  timings: z.strictObject({
    startedAt: z.iso.datetime(),
    kickedOffAt: z.iso.datetime(),
    manifestReadAt: z.iso.datetime(),
    completedAt: z.iso.datetime(),
  }),
});
export type ExportSummary = z.infer<typeof exportSummary>;
