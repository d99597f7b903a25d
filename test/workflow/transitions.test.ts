import { expect, test } from "vitest";
import { type Level, rendered } from "./state-machine-files.ts";

/*
 * AWS bills each state that is entered, and one transition for each child that a Distributed Map starts (Step Functions pricing;
 * Developer Guide, "Transitions in Distributed Map state"). `npm run test:scale` counts them in a real run.
 */
const machine = rendered("bulk-export.asl.json");

/** The states of an export without any fault, whose job is ready at the first poll. */
const faultless: Record<string, string> = {
  "Our turn?": "Anything to continue?",
  "Anything to continue?": "Kick off export",
  "Kicked off?": "Wait for the first poll",
  "Export ready?": "Plan downloads",
  "Our job?": "Any files?",
  "Any files?": "Download files",
  "Everything landed?": "Delete job",
  "How did it end?": "Announce completion",
  "Try again?": "File done",
};

function way({ StartAt, States }: Level): string[] {
  const names: string[] = [];
  for (let name: string | undefined = StartAt; name !== undefined; name = faultless[name] ?? States[name]?.Next)
    names.push(name);
  return names;
}

test("an export of n items and p polls costs 18 + 3p + 4n state transitions", () => {
  const child = machine.States["Download files"]?.ItemProcessor as Level;
  expect(
    way(machine).filter((name) => !["Poll export", "Export ready?", "Wait for the first poll"].includes(name)),
  ).toHaveLength(18);
  expect(["Poll export", "Export ready?", "Wait for export"].filter((name) => name in machine.States)).toHaveLength(3);
  expect(1 + way(child).length).toBe(4);
});
