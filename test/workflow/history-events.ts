import type { State } from "./state-machine-files.ts";

/**
 * The number of events that a state adds to its execution's history on AWS if it does not fail. A Task that calls a function by its ARN:
 * entered, LambdaFunctionScheduled, -Started, -Succeeded, exited. A Distributed Map: entered, MapStateStarted,
 * MapRunStarted, MapRunSucceeded, MapStateSucceeded, exited; its children have histories of their own. Succeed and Fail
 * end the execution, whose own start and end are two more (`historyEventsOfExecution`).
 *
 * Source: Step Functions API reference, HistoryEvent.
 */
export function historyEventsOf({ Type, ItemProcessor }: State): number {
  switch (Type) {
    case "Task":
      return 5;
    case "Map":
      if (ItemProcessor?.ProcessorConfig.Mode === "DISTRIBUTED") return 6;
      throw new Error("an inline Map adds the events of its children to its parent's history");
    case "Choice":
    case "Wait":
    case "Pass":
    case "Succeed":
      return 2;
    case "Fail":
      return 1;
    default:
      throw new Error(`a state of type ${Type} adds an unknown number of events`);
  }
}

export const historyEventsOfExecution = 2;

/** The events of each retry of a Task: LambdaFunctionScheduled, -Started, and the -Failed before it. */
export const historyEventsOfRetry = 3;
