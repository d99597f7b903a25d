import type { LandedSoFar } from "#bulk-export/entry.ts";
import { type ExportProgress, hasEnded } from "#bulk-export/language/export-progress.ts";
import type { ExportAction, ExportView } from "#on-demand-api/language/export-messages.ts";
import type { ExportRight } from "#on-demand-api/language/export-rights.ts";
import { actionOf } from "./export-actions-by-fault.ts";

/**
 * An export as its caller sees it.
 * @param landed what landed, by the files' own progress. A result of the newest run replaces it
 * @param now milliseconds since the epoch
 */
export function exportViewOf(
  progress: ExportProgress,
  landed: LandedSoFar,
  rights: ReadonlySet<ExportRight>,
  now: number,
): ExportView {
  const { result, error, call: _, filesPlanned: __, downloadingSince: ___, stopRequestedAt: ____, ...shown } = progress;
  const counts = countsOf(progress, landed);
  return {
    ...shown,
    message: messageOf(progress, counts),
    progress: { ...counts, bytesPerSecond: rateOf(progress, counts.bytes, now) },
    linesByType: result?.linesByType ?? null,
    error: error && { ...error, action: actionOf[error.name] },
    phases: result?.phases ?? null,
    actions: actionsFor(progress, counts, rights),
  };
}

type Counts = Omit<ExportView["progress"], "bytesPerSecond">;

function countsOf({ result, filesPlanned }: ExportProgress, landed: LandedSoFar): Counts {
  if (result === null) return { filesPlanned, ...landed };
  const { files, failedFiles, lines, bytes } = result.totals;
  return { filesPlanned: files + failedFiles, filesLanded: files, filesMissing: failedFiles, lines, bytes };
}

function rateOf({ run, result, downloadingSince }: ExportProgress, bytes: number, now: number): number | null {
  if (run !== "first") return null;
  const sinceStart = downloadingSince === null ? 0 : (now - Date.parse(downloadingSince)) / 1000;
  const seconds = result === null ? sinceStart : (result.phases?.downloading ?? 0);
  return seconds > 0 ? Math.round(bytes / seconds) : null;
}

function messageOf(progress: ExportProgress, counts: Counts): string {
  const { state, run, stopRequestedAt, error } = progress;
  const { filesPlanned, filesLanded, filesMissing } = counts;
  if (stopRequestedAt !== null && !hasEnded(progress)) return "Its cancellation was requested. It ends in a moment.";
  switch (state) {
    case "requested":
      return run === "first" ? "It was accepted and starts in a moment." : "It will be resumed in a moment.";
    case "running":
      return runningMessage(progress, counts);
    case "completed":
      return `All ${filesPlanned} files landed.`;
    case "partial":
      return filesMissing > 0
        ? `${filesMissing} of ${filesPlanned} files are missing. Read their reasons, then resume the export.`
        : "All files landed, and the server reported errors. Read the files of kind error.";
    case "failed":
      return `It failed: ${error?.message ?? "the reason is unknown"}`;
    default:
      return `It was cancelled. The ${filesLanded} files that landed are kept.`;
  }
}

function runningMessage({ phase, waitsFor, serverProgress }: ExportProgress, counts: Counts): string {
  if (phase === "downloading") {
    const { filesPlanned, filesLanded, filesMissing } = counts;
    const missing = filesMissing > 0 ? `, ${filesMissing} could not be downloaded` : "";
    return `It downloads the files: ${filesLanded} of ${filesPlanned} landed${missing}.`;
  }
  if (waitsFor?.what === "lease") return `It waits for its turn. ${waitsFor.message}`;
  if (waitsFor === null) return "It is about to send the kick-off request.";
  const said = serverProgress === null ? "" : ` The server says: ${serverProgress}`;
  return `${waitsFor.message}${said}`;
}

/** Faults after which a run could not download anything either. */
const finalFaults = new Set<string>([
  "InvalidRequest",
  "KickOffRejected",
  "ExportJobFailed",
  "ExportJobGone",
  "ManifestRejected",
]);

/** Why an export cannot be resumed now, for people; undefined if it can. */
export function resumptionObstacle(progress: ExportProgress, { filesMissing }: Pick<Counts, "filesMissing">) {
  const { state, request, error } = progress;
  if (!hasEnded(progress)) return "The export has not ended.";
  if (state === "completed") return "The export is complete: no file is missing.";
  if (state === "partial" && filesMissing === 0) return "No file of the export is missing.";
  if (request === null || (error !== null && finalFaults.has(error.name)))
    return "The export failed before it had files to download. Request a new export.";
  return undefined;
}

function actionsFor(progress: ExportProgress, counts: Counts, rights: ReadonlySet<ExportRight>): ExportAction[] {
  const may: Record<ExportAction, boolean> = {
    cancel: rights.has("cancel") && !hasEnded(progress),
    resume: rights.has("ask") && resumptionObstacle(progress, counts) === undefined,
    "read-files": rights.has("read") && counts.filesLanded > 0,
  };
  return (Object.keys(may) as ExportAction[]).filter((action) => may[action]);
}
