import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CountedEnd, RepeatedSteps } from "#bulk-export/language/export-cost.ts";
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
  Catch?: Catcher[];
  ItemProcessor?: Level;
}

interface Catcher {
  Next: string;
  ResultPath: string;
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
 * Counts an export in which every file needs one attempt. It is carried out by the definition, with made-up results of the
 * functions. The functions themselves count by `countSteps`, which a test compares with this.
 *
 * Source: Step Functions pricing; Developer Guide, "Transitions in Distributed Map state" ("one state transition for each
 * child workflow execution").
 * @param steps by default one turn and one kick-off. A run without a kick-off resumes an export
 */
export function countExport(
  { turns = 1, kickOffs = 1, polls, items }: Pick<RepeatedSteps, "polls" | "items"> & Partial<RepeatedSteps>,
  end: CountedEnd = "deleted",
): CountedExport {
  const machine = JSON.parse(readFileSync(definition, "utf8")) as Level;
  const run = kickOffs === 0 ? "r1" : "first";
  return countLevel(machine, resultsOf({ turns, kickOffs, polls, items }, end), { run, items });
}

type Results = Record<string, (call: number) => object | "fault">;

/** The results of the Tasks that Choices read, for the n-th call from 1 on. The deadline is far away. */
function resultsOf({ turns, kickOffs, polls, items }: RepeatedSteps, end: CountedEnd): Results {
  const turn = end === "adopted" ? "adopt" : "ours";
  return {
    "Take lease": (call): Partial<LeaseResult> => ({ outcome: call < turns ? "waiting" : turn, nextAt: 0 }),
    "Kick off export": (call): Partial<KickOffResult> => ({
      outcome: call < kickOffs ? "busy" : "accepted",
      nextAt: 0,
    }),
    "Poll export": (call): Partial<PollResult> => ({ outcome: call < polls ? "in-progress" : "ready", nextAt: 0 }),
    "Plan downloads": (): Partial<PlanResult> => ({ outcome: "planned", files: items }),
    "Download file": (): Partial<DownloadResult> => ({ outcome: "landed" }),
    "Complete export": (): Completion | "fault" =>
      end === "failed" ? "fault" : { status: "complete", deleteJob: end === "deleted" },
  };
}

function countLevel(
  { StartAt, States }: Level,
  results: Results,
  { run, items }: { run: string; items: number },
): CountedExport {
  const input: Record<string, unknown> = { export: { run, deadlineAt: 1 } };
  const counted: CountedExport = { stateTransitions: 0, tasks: new Map() };
  for (let name: string | undefined = StartAt; name !== undefined; ) {
    const state: State | undefined = States[name];
    if (state === undefined) throw new Error(`the definition has no state "${name}"`);
    counted.stateTransitions += 1;
    if (state.ItemProcessor !== undefined)
      addChildren(counted, countLevel(state.ItemProcessor, results, { run, items: 0 }), items);
    const result: object | string | undefined = state.Type === "Task" ? callTask(counted, name, results) : undefined;
    // The last catcher is that of every fault.
    const catcher: Catcher | undefined = result === "fault" ? state.Catch?.at(-1) : undefined;
    const path = catcher?.ResultPath ?? state.ResultPath;
    if (result !== undefined && path) input[path.slice("$.".length)] = result;
    name = catcher?.Next ?? chooseNext(state, input);
  }
  return counted;
}

/** Counts a call of a Task. Returns its result, if it has one that Choices read. */
function callTask({ tasks }: CountedExport, name: string, results: Results): object | "fault" | undefined {
  const call = (tasks.get(name) ?? 0) + 1;
  tasks.set(name, call);
  return results[name]?.(call);
}

function addChildren(counted: CountedExport, child: CountedExport, items: number): void {
  counted.stateTransitions += items * (1 + child.stateTransitions);
  for (const [name, times] of child.tasks) counted.tasks.set(name, items * times);
}
