import type { CompleteInput } from "./export-state.ts";
import type { ExportCost } from "./export-summary.ts";

/** How often an execution went through the parts of the state machine that repeat. */
export interface RepeatedSteps {
  /** Attempts to take the lease. */
  turns: number;
  /** Kick-off requests. None if the run resumes an export. */
  kickOffs: number;
  polls: number;
  /** Items of the work list. Each has a child execution. */
  items: number;
}

/** How the run ends. `kept`: files are missing, so the job is kept. `failed`: too many files are missing. */
export type CountedEnd = "deleted" | "kept" | "failed" | "adopted";

/** The transitions of each part. `test/unit/bulk-export/language/export-cost.test.ts` compares them with the definition. */
const transitions = { once: 12, perTurn: 3, perKickOff: 3, perPoll: 3, perItem: 4 };

/** The transitions and calls that an end leaves out, compared with `deleted`. A job that is kept has no call to delete it. */
const leftOut = {
  deleted: { transitions: 0, calls: 0 },
  kept: { transitions: 1, calls: 1 },
  failed: { transitions: 2, calls: 1 },
  adopted: { transitions: 6, calls: 2 },
} as const satisfies Record<CountedEnd, object>;

/**
 * The state transitions and the calls of functions of a run in which each file needs one attempt. Step Functions bills a child
 * execution as one transition, and each state that it enters.
 */
export function countSteps(
  { turns, kickOffs, polls, items }: RepeatedSteps,
  end: CountedEnd,
): Pick<ExportCost, "stateTransitions" | "functionCalls"> {
  const { once, perTurn, perKickOff, perPoll, perItem } = transitions;
  const repeated = perTurn * turns + perKickOff * kickOffs + perPoll * polls + perItem * items;
  // Without an item, the Distributed Map is left out.
  const map = items === 0 && end !== "adopted" ? 1 : 0;
  return {
    stateTransitions: once + repeated - map - leftOut[end].transitions,
    functionCalls: 5 + turns + kickOffs + polls + items - leftOut[end].calls,
  };
}

/** How often the run repeated its steps, as its state says at "Complete export". */
export function repeatedSteps({ lease, kickOff, poll, plan }: Omit<CompleteInput, "export">): RepeatedSteps {
  // Releases up to 0.2.0 did not count items: each file had one of its own.
  const items = plan.items ?? plan.files;
  return { turns: lease.attempts, kickOffs: kickOff?.attempts ?? 0, polls: poll.polls, items };
}
