import { runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExecutionEnded } from "#bulk-export/language/triggers.ts";
import type { SettleRun } from "#bulk-export/settlement/settle-run.ts";
import type { Step } from "#platform/lambda/step.ts";

export interface CancelExportPorts {
  settle: SettleRun;
}

/**
 * Settles the run of an execution that was stopped, that failed, or that exceeded Step Functions' time limit. Most executions that
 * fail have published their end themselves, and nothing is published twice.
 * @throws EventsUndelivered
 */
export const cancelExport =
  ({ settle }: CancelExportPorts): Step<ExecutionEnded, Record<string, never>> =>
  async ({ detail: { name, status, input, error, cause } }, { signal }) => {
    await settle(runOfExecution(name, JSON.parse(input ?? "null")), { status, error, cause }, signal);
    return {};
  };
