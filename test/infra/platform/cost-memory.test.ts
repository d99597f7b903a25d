import { expect, test } from "vitest";
import { memoryMib, memoryMibOf } from "#cli/cost/export-cost.ts";
import { functionTasksOf } from "#test/workflow/state-machine-files.ts";
import { functionsOf } from "../policies.ts";
import { synthesised } from "../synthesised.ts";

test("npm run cost counts each function of an export with its memory", () => {
  const deployed = new Map(
    functionsOf(synthesised("prod")).map(([name, { Properties }]) => [name, Properties["MemorySize"]]),
  );
  const states = functionTasksOf("bulk-export.asl.json").map(([state]) => state);
  expect(Object.keys(memoryMib).filter((state) => !states.includes(state))).toEqual([]);
  // "Adopt result" is not carried out by an export that lands files itself.
  for (const state of states.filter((name) => name !== "Adopt result"))
    expect(deployed.get(state.toLowerCase().replaceAll(" ", "-")), state).toBe(memoryMibOf(state));
});
