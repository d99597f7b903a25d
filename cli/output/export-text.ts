import type { ExportFileView, ExportView } from "#on-demand-api/language/export-messages.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { stateWords } from "./state-words.ts";
import { table, withoutControls } from "./table.ts";
import { readableBytes, readableCount, readableDuration, readableTime } from "./units.ts";

/** An export for people: what happens or how it ended, how much of it landed, and where the time went. */
export function exportText(view: ExportView): string {
  const { exportId, state, requestedAt, endedAt, run, trigger, error, progress } = view;
  const { filesPlanned, filesLanded, filesMissing, lines, bytes } = progress;
  const planned = filesPlanned === null ? "" : ` of ${readableCount(filesPlanned)}`;
  const missing = filesMissing === 0 ? "" : `, ${readableCount(filesMissing)} missing`;
  const landed = `${readableCount(filesLanded)}${planned} files${missing}, ${readableCount(lines)} lines, ${readableBytes(bytes)}`;
  return [
    `${exportId} ${stateWords(state)}. ${withoutControls(view.message)}`,
    ...table([
      ["request", requestWords(view)],
      ["requested", `${readableTime(requestedAt)} UTC (${[trigger.kind, trigger.by].filter(Boolean).join(", ")})`],
      ["ended", endedAt === null ? "-" : `${readableTime(endedAt)} UTC`],
      ["run", run],
      ["landed", landed],
      ...(error === null ? [] : [["error", `${error.name}: ${error.message}. To do: ${error.action}`]]),
    ]),
    ...phaseLines(view),
    ...lineLines(view),
  ].join("\n");
}

/** "group age-below-5: Patient, Condition since 2026-01-01T00:00:00Z" */
export function requestWords({ request }: Pick<ExportView, "request">): string {
  if (request === null) return "an invalid request";
  const { level, groupId, types, since } = request;
  const what = `${level}${groupId === null ? "" : ` ${groupId}`}: ${types?.join(", ") ?? "all types"}`;
  return since === null ? what : `${what} since ${since}`;
}

function phaseLines({ phases }: ExportView): string[] {
  if (phases === null) return [];
  const rows = Object.entries(phases).flatMap(([name, seconds]) =>
    typeof seconds === "number" ? [[name, readableDuration(seconds * 1000)]] : [],
  );
  return ["", "Where the time went:", ...table(rows, ["left", "right"]).map((line) => `  ${line}`)];
}

function lineLines({ linesByType }: ExportView): string[] {
  if (linesByType === null) return [];
  const rows = Object.entries(linesByType).map(([type, lines]) => [type, readableCount(lines)]);
  return ["", "Lines:", ...table(rows, ["left", "right"]).map((line) => `  ${line}`)];
}

/** A table of exports. */
export function exportTable(exports: readonly ExportView[]): string {
  const rows = exports.map((view) => [
    view.exportId,
    view.state,
    readableTime(view.requestedAt),
    `${readableCount(view.progress.filesLanded)}/${view.progress.filesPlanned === null ? "?" : readableCount(view.progress.filesPlanned)}`,
    readableBytes(view.progress.bytes),
    requestWords(view),
  ]);
  const heading = ["id", "state", "requested (UTC)", "files", "size", "request"];
  return table([heading, ...rows], ["left", "left", "left", "right", "right", "left"]).join("\n");
}

/** A table of files. */
export function fileTable(files: readonly ExportFileView[]): string {
  const rows = files.map(({ number, state, name, lines, bytes, reason }) => [
    String(number),
    state,
    name,
    lines === null ? "-" : readableCount(lines),
    bytes === null ? "-" : readableBytes(bytes),
    reason ?? "",
  ]);
  const heading = ["number", "state", "name", "lines", "size", "reason"];
  return table([heading, ...rows], ["right", "left", "left", "right", "right", "left"]).join("\n");
}

/** How a command ends that waited for the end of an export. */
export function exitCodeOf({ state }: Pick<ExportView, "state">): ExitCode {
  if (state === "failed" || state === "cancelled") return exitCodes.endedWithoutData;
  return state === "partial" ? exitCodes.endedInPart : exitCodes.done;
}
