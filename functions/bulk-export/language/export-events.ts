import * as z from "zod";
import type { EventBus } from "#platform/bus/event-bus.ts";
import { type EventOf, eventHead, pointer } from "#platform/bus/event-language.ts";
import { exportFaultNames } from "./export-faults.ts";
import { exportId, run } from "./export-id.ts";
import { exportRequest } from "./export-request.ts";
import { exportTotals } from "./export-summary.ts";
import { warningCounts } from "./export-warnings.ts";
import { crc32, fileKind } from "./landed-file.ts";

/*
 * The events of an export. docs/events.md and the JSON Schemas beside it are generated from here (`npm run docs`).
 */

/** The `detail-type` of an event that requests an export. Its detail is an `exportRequestDetail`. */
export const exportRequested = "Export Requested";

/** The `detail-type`s of events that request the missing files of an export, or its cancellation. */
export const exportResumeRequested = "Export Resume Requested";
export const exportCancelRequested = "Export Cancel Requested";

/** The detail of these two events: the export that they refer to. */
export const exportReference = z.strictObject({
  exportId: z.string().describe("The id of the export, as its events give it."),
});

const everyDetail = {
  ...eventHead,
  exportId,
  run: run.describe("The run: first, or r1, r2, … for runs that resume the export. Each run publishes its own end."),
  requestId: z.string().nullable().describe("The requester's own id of the request; null if the request had none."),
  request: exportRequest
    .nullable()
    .describe("The request in its normal form; null if it was invalid or not validated yet."),
  predecessor: z
    .string()
    .nullable()
    .describe("The export that this one replaces: it could not be resumed, because the server no longer had its job."),
};

export const exportStarted = z.strictObject({
  ...everyDetail,
  startedAt: z.iso.datetime(),
  destination: pointer.describe("The prefix below which all files of this export land."),
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
    .describe("partial: a file is missing, or the server reported an issue of severity error or fatal."),
  transactionTime: z
    .string()
    .nullable()
    .describe(
      "The server's time of the export, as received: all resources modified up to this time are included. Null if the server gave none.",
    ),
  adoptedFrom: z
    .string()
    .nullable()
    .describe(
      "The identical export that downloaded the files, if this export took over its result; else null. The summary names the files.",
    ),
  summary: pointer,
  manifest: pointer,
  totals: exportTotals,
  warnings: warningCounts.describe(
    "What was not as it should be beside the data, and how often, by code. Empty if nothing. The runbook explains each code.",
  ),
  failedFiles: z
    .array(z.strictObject({ key: z.string(), type: z.string(), reason: z.string() }))
    .max(50)
    .describe("The first 50 files that did not land. The summary names all of them."),
});

export const exportFailed = z.strictObject({
  ...everyDetail,
  exportId: z.string().describe("The execution's name. The name itself may be the reason for the failure."),
  error: z.strictObject({
    name: z.union([z.enum(exportFaultNames), z.literal("Unexpected")]),
    message: z.string().describe("What happened and what to do, for people."),
  }),
  destination: pointer.describe("The prefix of the files that landed before the failure. They are kept."),
});

export const exportCancelled = z.strictObject({
  ...everyDetail,
  cancelledAt: z.iso.datetime(),
  jobDeleted: z.boolean().describe("Whether the server confirmed that it deleted the job."),
  destination: pointer.describe("The prefix of the files that landed before the export was stopped. They are kept."),
});

/** All events of an export, by `detail-type`. */
export const exportEvents = {
  "Export Started": exportStarted,
  "Export File Landed": exportFileLanded,
  "Export Completed": exportCompleted,
  "Export Failed": exportFailed,
  "Export Cancelled": exportCancelled,
} as const;

export type ExportEvent = EventOf<typeof exportEvents>;

/** The event bus, for the events of an export. */
export type ExportEventBus = EventBus<ExportEvent>;
