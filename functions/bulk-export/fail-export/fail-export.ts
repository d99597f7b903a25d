import { exportEvent } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { type ExportFaultName, exportFaultNames } from "#bulk-export/language/export-faults.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { type ExportRun, factOfRun, runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, FailInput, UnvalidatedExport } from "#bulk-export/language/export-state.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Explanation } from "#platform/executions/explained-failure.ts";
import { type ExplainedFailure, explainedFailure, readable } from "#platform/executions/explained-failure.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import { requestIdOf } from "./request-id-of.ts";

export interface FailExportPorts {
  records: Pick<ExportRecords, "findStop" | "pointers">;
  bus: ExportEventBus;
  log: Log;
}

/**
 * Tells the subscribers why an export failed, and hands the same words to the Fail state. Faults of our list keep their
 * name; anything else (a Lambda that timed out, a permission that is missing) is "Unexpected", with its own words.
 * @throws EventsUndelivered
 */
export const failExport =
  (ports: FailExportPorts): Step<FailInput, Explanation> =>
  async (input) => {
    const context = "input" in input.export ? beforeValidation(input.export) : input.export;
    const error = await explain(ports, context, input.failure);
    ports.log.error("export failed", { fault: error.name, reason: error.message });
    await ports.bus.publish({
      type: "Export Failed",
      detail: {
        ...exportEvent(context, factOfRun("failed", context.run)),
        error,
        destination: ports.records.pointers(context.exportId).destination,
      },
    });
    return { error: error.name, cause: error.message };
  };

/** As much of an export as is known where its request was refused. */
type FailedRun = Pick<ExportContext, "exportId" | "run" | "requestId" | "predecessor"> & {
  request: ExportRequest | null;
};

function beforeValidation({ executionName, input }: UnvalidatedExport): FailedRun {
  const run = runOfExecution(executionName, input);
  return { ...run, requestId: requestIdOf(input), request: null, predecessor: null };
}

async function explain(
  ports: FailExportPorts,
  run: ExportRun,
  failure: FailInput["failure"],
): Promise<ExplainedFailure<ExportFaultName>> {
  // A child of the Distributed Map that stops the run cannot pass its fault on: the marker it left can.
  const stopped = failure.Error === "ExportStopped" || failure.Error === "States.ExceedToleratedFailureThreshold";
  const stop = stopped ? await ports.records.findStop(run) : undefined;
  if (stop !== undefined) return { name: stop.fault, message: readable(stop.message) };
  return explainedFailure(failure, exportFaultNames);
}
