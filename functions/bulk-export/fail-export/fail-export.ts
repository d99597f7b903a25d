import { exportEventHead } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { type ExportFaultName, exportFaultNames } from "#bulk-export/language/export-faults.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { type ExportRun, factOfRun, runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, FailInput, UnvalidatedExport } from "#bulk-export/language/export-state.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Explanation } from "#platform/executions/explained-failure.ts";
import { type ExplainedFailure, explainedFailure, readable } from "#platform/executions/explained-failure.ts";
import type { Step } from "#platform/lambda/step.ts";
import { requestIdOf } from "./request-id-of.ts";

export interface FailExportPorts {
  records: Pick<ExportRecords, "findStop" | "pointers">;
  bus: ExportEventBus;
  log: ExportLog;
}

/**
 * Publishes `Export Failed` with the reason, and returns the same reason for the Fail state. A fault of
 * `exportFaultNames` keeps its name. Any other error, such as a Lambda timeout or a missing permission, is named
 * "Unexpected" and keeps its message.
 * @throws EventsUndelivered
 */
export const failExport =
  (ports: FailExportPorts): Step<FailInput, Explanation> =>
  async (input) => {
    const context = "input" in input.export ? runBeforeValidation(input.export) : input.export;
    const error = await explain(ports, context, input.failure);
    ports.log.error("EXPORT_FAILED", { fault: error.name, reason: error.message });
    await ports.bus.publish({
      type: "Export Failed",
      detail: {
        ...exportEventHead(context, factOfRun("failed", context.run)),
        error,
        destination: ports.records.pointers(context.exportId).destination,
      },
    });
    return { error: error.name, cause: error.message };
  };

/** The failed run of an export. `request` is null if it was not validated. */
type FailedRun = Pick<ExportContext, "exportId" | "run" | "requestId" | "predecessor"> & {
  request: ExportRequest | null;
};

function runBeforeValidation({ executionName, input }: UnvalidatedExport): FailedRun {
  const run = runOfExecution(executionName, input);
  return { ...run, requestId: requestIdOf(input), request: null, predecessor: null };
}

async function explain(
  ports: FailExportPorts,
  run: ExportRun,
  failure: FailInput["failure"],
): Promise<ExplainedFailure<ExportFaultName>> {
  // If a child of the Distributed Map stops the run, the Map does not pass on the child's fault. The stop marker holds it.
  const stopped = failure.Error === "ExportStopped" || failure.Error === "States.ExceedToleratedFailureThreshold";
  const stop = stopped ? await ports.records.findStop(run) : undefined;
  if (stop !== undefined) return { name: stop.fault, message: readable(stop.message) };
  return explainedFailure(failure, exportFaultNames);
}
