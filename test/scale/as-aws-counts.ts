import { historyEventsOf, historyEventsOfExecution, historyEventsOfRetry } from "#test/workflow/history-events.ts";
import { type Level, levelsOf, rendered } from "#test/workflow/state-machine-files.ts";
import type { ExecutionFigures } from "./execution-figures.ts";

/** The counts that AWS bills and limits. */
export interface AwsCounts {
  /** States entered, retries, and one for each child that the Distributed Map starts. */
  stateTransitions: number;
  /** Events in the parent's history. */
  parentHistory: number;
}

const file = "bulk-export.asl.json";

/**
 * Counts an export as AWS does. The local AWS records fewer events than AWS, and only the calls of children. The missing
 * counts come from the definition: each entered state adds its events, and each call of a child adds the states from it to
 * the child's end.
 *
 * Source: Step Functions pricing ("each time a step of your workflow is executed", "each retry"); Developer Guide,
 * "Transitions in Distributed Map state" ("one state transition for each child workflow execution").
 */
export function asAwsCounts(parent: ExecutionFigures, children: readonly ExecutionFigures[]): AwsCounts {
  const machine = rendered(file);
  let states = 0;
  let tasks = 0;
  let events = historyEventsOfExecution;
  for (const [name, times] of parent.statesEntered) {
    const state = machine.States[name];
    if (state === undefined) throw new Error(`the definition has no state "${name}"`);
    states += times;
    events += times * historyEventsOf(state);
    if (state.Type === "Task") tasks += times;
  }
  const retries = parent.calls - tasks;
  const perCall = statesToTheEnd(childrenLevel(machine));
  const ofChildren = children.reduce((sum, { calls }) => sum + 1 + calls * perCall, 0);
  return {
    stateTransitions: states + retries + ofChildren,
    parentHistory: events + retries * historyEventsOfRetry,
  };
}

function childrenLevel(machine: Level): Level {
  const [, children] = levelsOf(machine)[1] ?? [];
  if (children === undefined) throw new Error(`${file} has no Map`);
  return children;
}

/** The states of a child whose file lands at the first attempt. */
function statesToTheEnd({ StartAt, States }: Level): number {
  const way = new Set<string>();
  for (let name: string | undefined = StartAt; name !== undefined; name = States[name]?.Next ?? States[name]?.Default) {
    if (way.has(name)) throw new Error(`the way through "${name}" has no end`);
    way.add(name);
  }
  return way.size;
}
