import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import { table } from "#cli/output/table.ts";
import { readableBytes } from "#cli/output/units.ts";
import type { WatchedExport } from "./export-watch.ts";

/** A table of the landed files for people, and the events that the subscriber received. */
export function exportReport(summary: ExportSummary, watched: WatchedExport, bucket: string): string {
  const rows = Object.entries(Object.groupBy(summary.files, folderOf)).map(([folder, files = []]) => [
    folder,
    String(files.length),
    String(sum(files, (file) => file.lines)),
    readableBytes(sum(files, (file) => file.bytes)),
  ]);
  const { files, lines, bytes } = summary.totals;
  const landed = table(
    [
      ["", "files", "lines", "size"],
      ...rows.toSorted(([a = ""], [b = ""]) => a.localeCompare(b)),
      ["total", String(files), String(lines), readableBytes(bytes)],
    ],
    ["left", "right", "right", "right"],
  );
  const events = [...watched.received].map(([type, count]) => `  ${count} × ${type}`);
  return [
    `Landed in s3://${bucket}/exports/${summary.exportId}/ (${summary.status}):`,
    ...landed.map((line) => `  ${line}`),
    ...summary.failedFiles.map(({ key, reason }) => `  missing: ${key}: ${reason}`),
    "",
    "The example subscriber received:",
    ...events,
  ].join("\n");
}

/** The folder below the export's prefix: the resource type, `errors` or `deleted`. */
const folderOf = (file: LandedFile): string => file.key.split("/").at(-2) ?? "";

const sum = (files: readonly LandedFile[], of: (file: LandedFile) => number): number =>
  files.reduce((total, file) => total + of(file), 0);
