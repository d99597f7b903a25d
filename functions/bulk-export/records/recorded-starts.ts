import { runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { Executions } from "#platform/executions/executions.ts";
import type { OpenRuns } from "./open-runs.ts";

/**
 * Executions of exports that are recorded as open before they start. If the start fails, or if the execution never gets to its first
 * state, the sweeper finds the record and publishes that the export failed.
 */
export function recordedStarts(executions: Executions, runs: Pick<OpenRuns, "open" | "close">): Executions {
  return {
    ...executions,
    start: async (name, input) => {
      const run = runOfExecution(name, input);
      const opened = await runs.open(run);
      const existing = await executions.start(name, input);
      // The execution of an earlier trigger has this name. Either it is recorded, or its end was published.
      if (existing !== undefined && opened) await runs.close(run);
      return existing;
    },
  };
}
