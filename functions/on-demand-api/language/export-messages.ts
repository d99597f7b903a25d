import * as z from "zod";
import { exportId, run } from "#bulk-export/language/export-id.ts";
import {
  awaited,
  exportError,
  exportOrigin,
  exportPhaseNames,
  exportStates,
  requestedExport,
} from "#bulk-export/language/export-progress.ts";
import { exportLevels, exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { exportPhases } from "#bulk-export/language/export-summary.ts";
import { crc32 } from "#bulk-export/language/landed-file.ts";

/** The body of a POST to /exports: the detail of `Export Requested`. The header Idempotency-Key replaces its `requestId`. */
export const exportBody = exportRequestDetail.omit({ requestId: true });

const count = z.int().nonnegative();
const time = z.iso.datetime();

/** What the caller of a call may do with an export now. */
export const exportActions = ["cancel", "resume", "read-files"] as const;
export type ExportAction = (typeof exportActions)[number];

/** An export as its caller sees it. */
export const exportView = z
  .strictObject({
    exportId,
    state: z
      .enum(exportStates)
      .describe(
        "partial: files are missing, or the server reported an error. A resumed export is requested or running again.",
      ),
    request: requestedExport.nullable().describe("Null if the request was invalid."),
    trigger: exportOrigin.describe("Who requested the export."),
    requestedAt: time,
    startedAt: time.nullable().describe("When the newest run began."),
    endedAt: time.nullable().describe("When the newest run ended."),
    run: run.describe("The newest run: first, or r1, r2, … if the export was resumed."),
    phase: z
      .enum(exportPhaseNames)
      .nullable()
      .describe("waiting: for the lease of the level. atServer: from the kick-off to the manifest."),
    message: z.string().describe("What happens now, or how it ended and what to do, for people."),
    waitsFor: awaited.nullable(),
    serverProgress: z.string().nullable().describe("The header X-Progress, as the server sent it last."),
    nextPollAt: time.nullable(),
    progress: z.strictObject({
      filesPlanned: count.nullable().describe("The files of the manifest. Null until it was read."),
      filesLanded: count,
      filesMissing: count,
      lines: count,
      bytes: count,
      bytesPerSecond: z
        .number()
        .nonnegative()
        .nullable()
        .describe(
          "Since the first run began to download. Null before, and if the export was resumed or took over a result.",
        ),
    }),
    linesByType: z
      .record(z.string(), count)
      .nullable()
      .describe("The lines of each resource type. Null until the newest run has a summary."),
    error: exportError
      .extend({ action: z.string().describe("What to do.") })
      .nullable()
      .describe("Why the export failed."),
    phases: exportPhases
      .nullable()
      .describe("How many seconds each phase took. Null until the newest run has a summary."),
    actions: z.array(z.enum(exportActions)).describe("What you may do with the export now."),
  })
  .meta({ id: "Export" });
export type ExportView = z.infer<typeof exportView>;

const next = z.url().optional();

export const exportPage = z
  .strictObject({
    exports: z.array(exportView),
    next: next.describe(
      "GET this URL for the exports that follow. A page may have few exports, or none, if many do not match.",
    ),
  })
  .meta({ id: "ExportPage" });

/** A file of an export. `number` counts from 1, in the order of the manifest. */
export const exportFileView = z
  .strictObject({
    number: z.int().min(1).describe("Counted from 1, in the order of the manifest."),
    kind: z
      .enum(["output", "error", "deleted"])
      .describe("error: the server's reports on the export. deleted: Bundles."),
    resourceType: z.string(),
    name: z.string().describe("The key of the file below the export's prefix, such as Patient/patients.ndjson."),
    state: z.enum(["landed", "missing", "pending"]),
    lines: count.nullable(),
    bytes: count.nullable(),
    checksum: crc32.nullable().describe("CRC-32 in Base64, as S3 writes it."),
    reason: z.string().nullable().describe("Why the file is missing."),
  })
  .meta({ id: "ExportFile" });
export type ExportFileView = z.infer<typeof exportFileView>;

export const exportFilePage = z
  .strictObject({
    files: z.array(exportFileView),
    next: next.describe("GET this URL for the files that follow. Absent on the last page."),
  })
  .meta({ id: "ExportFilePage" });

export const filePreview = z
  .strictObject({
    lines: z.array(z.string()).max(5).describe("The first lines, each whole."),
    truncated: z.boolean().describe("Whether the file goes on behind them."),
    message: z.string().nullable().describe("Why there is no line, if there is none."),
  })
  .meta({ id: "FilePreview" });

const requestTime = z.iso.datetime({
  offset: true,
  error: "must be a time such as 2026-01-31T00:00:00Z (date, time and zone)",
});

/** The parameters of GET /exports. */
export const exportQuery = z.object({
  state: z.enum(exportStates).optional(),
  level: z.enum(exportLevels).optional(),
  groupId: z.string().max(64).optional().describe("Exports of this group, by its id or its name."),
  from: requestTime.optional().describe("Exports requested at this time or later."),
  to: requestTime.optional().describe("Exports requested at this time or earlier."),
  after: z.string().max(200).optional().describe("The place of a further page, from the link `next`."),
});
export type ExportQuery = z.infer<typeof exportQuery>;
