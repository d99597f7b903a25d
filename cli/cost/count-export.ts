import { readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Completion,
  DownloadResult,
  KickOffResult,
  LeaseResult,
  PlanResult,
  PollResult,
} from "#bulk-export/language/export-state.ts";
import { chooseNext, type RoutedState } from "./choose-next.ts";

interface State extends RoutedState {
  ResultPath?: string | null;
  ItemProcessor?: Level;
}

interface Level {
  StartAt: string;
  States: Record<string, State>;
}

const definition = join(import.meta.dirname, "..", "..", "state-machines", "bulk-export.asl.json");

/** What AWS counts of an export, its child executions included. */
export interface CountedExport {
  /** State transitions: the states that are entered, and one for each child that the Distributed Map starts. */
  stateTransitions: number;
  /** How often each Task is carried out, by its name. */
  tasks: Map<string, number>;
}

/**
 * Counts an export in which every file lands at its first attempt. It is carried out by the definition, with made-up results of
 * the functions.
 *
 * Source: Step Functions pricing; Developer Guide, "Transitions in Distributed Map state" ("one state transition for each
 * child workflow execution").
 * @param items of the work list: each gets a child execution
 */
export function countExport({ polls, items }: { polls: number; items: number }): CountedExport {
  const machine = JSON.parse(readFileSync(definition, "utf8")) as Level;
  return countLevel(machine, resultsOf(polls, items), items);
}

type Results = Record<string, (call: number) => object>;

/** The results of the Tasks that Choices read, for the n-th call from 1 on. The deadline is far away. */
function resultsOf(polls: number, items: number): Results {
  return {
    "Take lease": (): Partial<LeaseResult> => ({ outcome: "ours" }),
    "Kick off export": (): Partial<KickOffResult> => ({ outcome: "accepted" }),
    "Poll export": (call): Partial<PollResult> => ({ outcome: call < polls ? "in-progress" : "ready", nextAt: 0 }),
    "Plan downloads": (): Partial<PlanResult> => ({ outcome: "planned", files: items }),
    "Download file": (): Partial<DownloadResult> => ({ outcome: "landed" }),
    "Complete export": (): Completion => ({ status: "complete", deleteJob: true }),
  };
}

function countLevel({ StartAt, States }: Level, results: Results, items: number): CountedExport {
  const input: Record<string, unknown> = { export: { run: "first", deadlineAt: 1 } };
  const counted: CountedExport = { stateTransitions: 0, tasks: new Map() };
  for (let name: string | undefined = StartAt; name !== undefined; ) {
    const state: State | undefined = States[name];
    if (state === undefined) throw new Error(`the definition has no state "${name}"`);
    counted.stateTransitions += 1;
    if (state.Type === "Task") {
      const call = (counted.tasks.get(name) ?? 0) + 1;
      counted.tasks.set(name, call);
      const result = results[name]?.(call);
      if (result !== undefined && state.ResultPath) input[state.ResultPath.slice("$.".length)] = result;
    }
    if (state.ItemProcessor !== undefined) addChildren(counted, countLevel(state.ItemProcessor, results, 0), items);
    name = chooseNext(state, input);
  }
  return counted;
}

function addChildren(counted: CountedExport, child: CountedExport, items: number): void {
  counted.stateTransitions += items * (1 + child.stateTransitions);
  for (const [name, times] of child.tasks) counted.tasks.set(name, items * times);
}
