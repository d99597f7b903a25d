import { describe, expect, test } from "vitest";
import { countExport } from "#cli/cost/count-export.ts";
import { functionTasksOf } from "#test/workflow/state-machine-files.ts";

/** The transitions of each part of an export. `docs/performance.md` explains them. */
const once = 18;
const perPoll = 3;
const perItem = 4;

describe("the state transitions of an export", () => {
  test.each([
    [1, 1],
    [1, 500],
    [95, 1],
    [353, 10_000],
  ])("with %d polls and %d items are counted from the definition", (polls, items) => {
    const { stateTransitions } = countExport({ polls, items });
    expect(stateTransitions).toBe(once + perPoll * polls + perItem * items);
  });

  test("are fewer without a file: the Distributed Map is left out", () => {
    expect(countExport({ polls: 1, items: 0 }).stateTransitions).toBe(once + perPoll - 1);
  });

  test("come from an export that succeeds, with each function of that way", () => {
    const { tasks } = countExport({ polls: 7, items: 3 });
    expect(Object.fromEntries(tasks)).toEqual({
      "Validate request": 1,
      "Take lease": 1,
      "Kick off export": 1,
      "Poll export": 7,
      "Plan downloads": 1,
      "Download file": 3,
      "Complete export": 1,
      "Delete job": 1,
      "Release lease": 1,
      "Announce completion": 1,
    });
    const functions = new Set(functionTasksOf("bulk-export.asl.json").map(([name]) => name));
    expect([...tasks.keys()].filter((name) => !functions.has(name))).toEqual(["Release lease"]);
  });
});
