import * as z from "zod";
import type { EventBus } from "#platform/bus/event-bus.ts";
import { type EventOf, eventHead, pointer } from "#platform/bus/event-language.ts";
import { exportFaultNames } from "./export-faults.ts";
import { crc32, exportTotals, fileKind } from "./export-records.ts";
import { exportRequest, run } from "./export-request.ts";
import { exportId } from "./export-state.ts";

/*
 * The events of an export. docs/events.md and the JSON Schemas beside it are generated from here (`npm run docs`).
 */

/** The `detail-type` by which anybody asks for an export. Its detail is `exportRequestDetail`. */
export const exportRequested = "Export Requested";

/** The `detail-type`s by which anybody asks for what is missing of an export, or for its end. */
export const exportResumeRequested = "Export Resume Requested";
export const exportCancelRequested = "Export Cancel Requested";

/** Their detail. */
export const aboutAnExport = z.strictObject({ exportId: z.string().describe("As the export's events name it.") });

const everyDetail = {
  ...eventHead,
  exportId,
  run: run.describe("first, or r1, r2, … where the export was resumed: each run tells its own end."),
  requestId: z.string().nullable().describe("The requester's own id, where the request had one."),
  request: exportRequest
    .nullable()
    .describe("The request as carried out; null where it was invalid, or not validated yet."),
  predecessor: z
    .string()
    .nullable()
    .describe("The export that this one was started instead of: it was to be resumed, but the server's job was gone."),
};

export const exportStarted = z.strictObject({
  ...everyDetail,
  startedAt: z.iso.datetime(),
  destination: pointer.describe("The prefix below which everything of this export lands."),
});

export const exportFileLanded = z.strictObject({
  ...everyDetail,
  file: z.strictObject({
    bucket: z.string(),
    key: z.string(),
    kind: fileKind,
    type: z.string().describe("The FHIR resource type of the file's lines."),
    lines: z.number().int(),
    bytes: z.number().int(),
    checksum: crc32,
  }),
});

export const exportCompleted = z.strictObject({
  ...everyDetail,
  status: z
    .enum(["complete", "partial"])
    .describe("partial: an output file is missing, or the server reported an issue of severity error or fatal."),
  transactionTime: z.string().describe("The server's clock: everything modified up to then is included."),
  adoptedFrom: z
    .string()
    .nullable()
    .describe("The identical export whose objects these are, where this one waited for it; its summary names them."),
  summary: pointer,
  manifest: pointer,
  totals: exportTotals,
  failedFiles: z
    .array(z.strictObject({ key: z.string(), type: z.string(), reason: z.string() }))
    .max(50)
    .describe("The first 50 files that did not land; the summary names them all."),
});

export const exportFailed = z.strictObject({
  ...everyDetail,
  exportId: z.string().describe("The execution's name; it may be what was wrong."),
  error: z.strictObject({
    name: z.union([z.enum(exportFaultNames), z.literal("Unexpected")]),
    message: z.string().describe("What happened and what to do, for people."),
  }),
  destination: pointer.describe("Files that landed before the failure stay below this prefix."),
});

export const exportCancelled = z.strictObject({
  ...everyDetail,
  cancelledAt: z.iso.datetime(),
  jobDeleted: z.boolean().describe("Whether the server confirmed that its job is gone."),
  destination: pointer.describe("Files that landed before the stop stay below this prefix."),
});

/** Every event of an export, by its `detail-type`. */
export const exportEvents = {
  "Export Started": exportStarted,
  "Export File Landed": exportFileLanded,
  "Export Completed": exportCompleted,
  "Export Failed": exportFailed,
  "Export Cancelled": exportCancelled,
} as const;

export type ExportEvent = EventOf<typeof exportEvents>;

/** The bus as exports use it. */
export type ExportEventBus = EventBus<ExportEvent>;
