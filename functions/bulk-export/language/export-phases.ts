import type { ExportPhases, ExportSummary } from "./export-summary.ts";

/**
 * Divides the time of a run into its phases, in whole seconds. They add up to the time of the run. A resumed run began after
 * the kick-off, so its phase `waiting` has no time.
 */
export function phasesOf({
  startedAt,
  kickedOffAt,
  manifestReadAt,
  completedAt,
}: ExportSummary["timings"]): ExportPhases {
  const since = (time: string): number => Math.max(0, Math.round((Date.parse(time) - Date.parse(startedAt)) / 1000));
  const completed = since(completedAt);
  const manifestRead = Math.min(completed, since(manifestReadAt));
  const kickedOff = Math.min(manifestRead, since(kickedOffAt));
  return { waiting: kickedOff, atServer: manifestRead - kickedOff, downloading: completed - manifestRead };
}
