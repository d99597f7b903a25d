import * as z from "zod";
import { exportRequest } from "./export-request.ts";
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

/** `work/{exportId}/job.json`: written once, right after the kick-off, so that no crash can lose the job. */
export const exportJob = z.strictObject({
  exportId,
  requestId: z.string().nullable(),
  request: exportRequest,
  statusUrl: z.url(),
  kickOffUrl: z.url(),
  kickedOffAt: z.iso.datetime(),
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

/** `work/{exportId}/plan.json` */
export const exportPlan = z.strictObject({
  exportId,
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

/** `work/{exportId}/stop.json`: no step of this export may land anything any more. */
export const stopMarker = z.strictObject({
  reason: z.enum(["refused", "cancelled"]),
  /** The fault that the export ends with. */
  fault: z.enum(["AccessRefused", "ClientKeyUnusable", "ExportStopped"]),
  message: z.string(),
  at: z.iso.datetime(),
});
export type StopMarker = z.infer<typeof stopMarker>;

/** `exports/{exportId}/summary.json` */
export const exportSummary = z.strictObject({
  version: z.literal("1"),
  exportId,
  requestId: z.string().nullable(),
  status: z.enum(["complete", "partial"]),
  request: exportRequest,
  transactionTime: z.string(),
  serverJobId: z.string(),
  files: z.array(landedFile),
  failedFiles: z.array(failedFile),
  totals: z.strictObject({
    files: z.number().int(),
    failedFiles: z.number().int(),
    lines: z.number().int(),
    bytes: z.number().int(),
    issues: issueCounts,
  }),
  timings: z.strictObject({
    startedAt: z.iso.datetime(),
    kickedOffAt: z.iso.datetime(),
    manifestReadAt: z.iso.datetime(),
    completedAt: z.iso.datetime(),
  }),
});
export type ExportSummary = z.infer<typeof exportSummary>;
