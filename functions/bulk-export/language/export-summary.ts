import * as z from "zod";
import { exportRequest, run } from "./export-request.ts";
import { exportId } from "./export-state.ts";
import { exportWarning } from "./export-warnings.ts";
import { failedFile, issueCounts, landedFile } from "./landed-file.ts";

/** How much of an export landed, and how many of its files did not. */
export const exportTotals = z.strictObject({
  files: z.number().int(),
  failedFiles: z.number().int(),
  lines: z.number().int(),
  bytes: z.number().int(),
});

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
});
export type ExportSummary = z.infer<typeof exportSummary>;
