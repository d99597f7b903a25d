import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CountedEnd, countSteps, repeatedSteps } from "#bulk-export/language/export-cost.ts";
import { countExport } from "#cli/cost/count-export.ts";
import { countedState } from "#test/fixtures/counted-state.ts";

const turns = fc.integer({ min: 1, max: 20 });
const some = { turns, kickOffs: fc.nat(20), polls: fc.integer({ min: 1, max: 400 }), items: fc.nat(500) };
const none = { turns, kickOffs: fc.constant(0), polls: fc.constant(0), items: fc.constant(0) };

describe("the cost that a summary states", () => {
  it.each<[CountedEnd, fc.Arbitrary<Parameters<typeof countSteps>[0]>]>([
    ["deleted", fc.record(some)],
    ["kept", fc.record(some)],
    ["failed", fc.record(some)],
    ["adopted", fc.record(none)],
  ])("counts what the definition does, if the run ends as %s", (end, steps) => {
    fc.assert(
      fc.property(steps, (repeated) => {
        const { stateTransitions, tasks } = countExport(repeated, end);
        // "Release lease" calls DynamoDB and no function.
        const functions = [...tasks].filter(([name]) => name !== "Release lease");
        const functionCalls = functions.reduce((sum, [, times]) => sum + times, 0);
        expect(countSteps(repeated, end)).toEqual({ stateTransitions, functionCalls });
      }),
      { numRuns: 40 },
    );
  });

  it("takes the repeated steps from the state of the run", () => {
    expect(repeatedSteps(countedState)).toEqual({ turns: 2, kickOffs: 3, polls: 7, items: 4 });
  });

  it("of a resumed run has no kick-off", () => {
    const { kickOff: _, ...resumed } = countedState;
    expect(repeatedSteps(resumed).kickOffs).toBe(0);
  });

  it("of a run that release 0.2.0 began has an item for each file", () => {
    const { items: _, ...plan } = countedState.plan;
    expect(repeatedSteps({ ...countedState, plan }).items).toBe(80);
  });
});
