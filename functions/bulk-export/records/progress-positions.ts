import type { ExportPhaseName } from "#bulk-export/language/export-progress.ts";

/** How far a run can have come, in order. */
const stages = { requested: 0, waiting: 1, atServer: 2, downloading: 3, ended: 9 } as const satisfies Record<
  "requested" | ExportPhaseName | "ended",
  number
>;

/** How far an export has come: later runs count more than earlier ones, and within a run later phases do. */
export const positionOf = (run: string, stage: keyof typeof stages): number => 10 * numberOf(run) + stages[stage];

export const endedPosition = (run: string): number => positionOf(run, "ended");

/** 0 for the first run, 1 for `r1`. */
const numberOf = (run: string): number => (run === "first" ? 0 : Number(run.slice(1)));
