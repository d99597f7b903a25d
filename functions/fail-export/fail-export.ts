import type { EventBus } from "#announcements/event-bus.ts";
import { type FaultName, faultNames } from "#contracts/errors.ts";
import type { ExportRequest } from "#contracts/export-request.ts";
import type { ExportContext, Failed, FailInput, UnvalidatedExport } from "#contracts/export-state.ts";
import { redact } from "#contracts/redaction.ts";
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

const longestMessage = 2_000;

/**
 * Tells the subscribers why an export failed, and hands the same words to the Fail state. Faults of our list keep their
 * name; anything else (a Lambda that timed out, a permission that is missing) is "Unexpected", with its own words.
 * @throws EventsUndelivered
 */
export const failExport =
  (ports: FailExportPorts): Step<FailInput, Failed> =>
  async (input) => {
    const context = "input" in input.export ? beforeValidation(input.export) : input.export;
    const { exportId, run, requestId, request, predecessor } = context;
    const error = await explain(ports, context, input.failure);
    ports.log.error("export failed", { fault: error.name, reason: error.message });
    await ports.bus.publish({
      type: "Export Failed",
      detail: {
        version: "1",
        eventId: `${exportId}/${factOfRun("failed", run)}`,
        exportId,
        run,
        requestId,
        request,
        predecessor,
        error,
        destination: ports.records.pointers(exportId).destination,
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

interface Explanation {
  name: FaultName | "Unexpected";
  message: string;
}

async function explain(ports: FailExportPorts, run: ExportRun, failure: FailInput["failure"]): Promise<Explanation> {
  // A child of the Distributed Map that stops the run cannot pass its fault on: the marker it left can.
  const stopped = failure.Error === "ExportStopped" || failure.Error === "States.ExceedToleratedFailureThreshold";
  const stop = stopped ? await ports.records.findStop(run) : undefined;
  if (stop !== undefined) return { name: stop.fault, message: readable(stop.message) };
  const message = readable(lambdaMessage(failure.Cause) ?? failure.Cause ?? "");
  return isFaultName(failure.Error)
    ? { name: failure.Error, message }
    : { name: "Unexpected", message: `${failure.Error}: ${message}` };
}

function isFaultName(name: string): name is FaultName {
  return (faultNames as readonly string[]).includes(name);
}

/** Lambda wraps what a function threw: `{ errorType, errorMessage, trace }`, as text. */
function lambdaMessage(cause: string | undefined): string | undefined {
  if (!cause?.startsWith("{")) return undefined;
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === "string" ? errorMessage : undefined;
  } catch {
    return undefined;
  }
}

function readable(text: string): string {
  const words = redact(text);
  return words.length > longestMessage ? `${words.slice(0, longestMessage)}…` : words;
}
