import type { EventBus } from "#announcements/event-bus.ts";
import { type FaultName, faultNames } from "#contracts/errors.ts";
import type { ExportRequest } from "#contracts/export-request.ts";
import type { ExportContext, Failed, FailInput, UnvalidatedExport } from "#contracts/export-state.ts";
import { type ExplainedFailure, explainedFailure, readable } from "#functions/workflow/explained-failure.ts";
import { exportEvent } from "#functions/workflow/export-events.ts";
import { type ExportRun, factOfRun, runOfExecution } from "#functions/workflow/export-runs.ts";
import type { ExportRecords } from "#landing/export-records.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";
import { requestIdOf } from "./request-id-of.ts";

export interface FailExportPorts {
  records: Pick<ExportRecords, "findStop" | "pointers">;
  bus: EventBus;
  log: Log;
}

/**
 * Tells the subscribers why an export failed, and hands the same words to the Fail state. Faults of our list keep their
 * name; anything else (a Lambda that timed out, a permission that is missing) is "Unexpected", with its own words.
 * @throws EventsUndelivered
 */
export const failExport =
  (ports: FailExportPorts): Step<FailInput, Failed> =>
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
): Promise<ExplainedFailure<FaultName>> {
  // A child of the Distributed Map that stops the run cannot pass its fault on: the marker it left can.
  const stopped = failure.Error === "ExportStopped" || failure.Error === "States.ExceedToleratedFailureThreshold";
  const stop = stopped ? await ports.records.findStop(run) : undefined;
  if (stop !== undefined) return { name: stop.fault, message: readable(stop.message) };
  return explainedFailure(failure, faultNames);
}
