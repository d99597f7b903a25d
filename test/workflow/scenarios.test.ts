import { describe, expect, test } from "vitest";
import { type ChoiceRule, machineFiles, type State, statesOf } from "./state-machine-files.ts";

const deadline = { export: { deadlineAt: 1000 }, request: { deadlineAt: 1000 } };

/** The Choices of a machine: what each looks at, and where it leads. */
type Decisions = Record<string, [when: string, input: object, leadsTo: string][]>;

const bulkExport: Decisions = {
  "Our turn?": [
    ["the lease is ours", { ...deadline, lease: { outcome: "ours", nextAt: 5000 } }, "Anything to continue?"],
    ["an identical export ended well", { ...deadline, lease: { outcome: "adopt", nextAt: 5000 } }, "Adopt result"],
    ["another has its turn", { ...deadline, lease: { outcome: "waiting", nextAt: 999 } }, "Wait for turn"],
    ["it has it until the deadline", { ...deadline, lease: { outcome: "waiting", nextAt: 1000 } }, "Never our turn"],
  ],
  "Anything to continue?": [
    ["it is the first run", { export: { run: "first" } }, "Kick off export"],
    ["the export is resumed", { export: { run: "r2" } }, "Poll export"],
  ],
  "Was it resumed?": [
    ["the job of a first run is gone", { export: { run: "first" } }, "Delete job"],
    ["the job to go on with is gone", { export: { run: "r1" } }, "Start afresh"],
  ],
  "Is the job gone?": [
    ["the first poll found none", {}, "Delete job"],
    ["a later poll found none", { poll: { outcome: "in-progress" } }, "Delete job"],
    ["it has a manifest, but other files", { poll: { outcome: "ready" } }, "Release lease"],
  ],
  "Our job?": [
    ["the job is ours", { ...deadline, plan: { outcome: "planned", nextAt: 5000 } }, "Any files?"],
    ["it is another request's", { ...deadline, plan: { outcome: "foreign", nextAt: 999 } }, "Wait out the other job"],
    ["it was, until the deadline", { ...deadline, plan: { outcome: "foreign", nextAt: 1000 } }, "Never our job"],
  ],
  "Kicked off?": [
    ["the server accepted", { ...deadline, kickOff: { outcome: "accepted", nextAt: 10 } }, "Wait for the first poll"],
    ["it accepted late", { ...deadline, kickOff: { outcome: "accepted", nextAt: 5000 } }, "Wait for the first poll"],
    ["the server is busy", { ...deadline, kickOff: { outcome: "busy", nextAt: 999 } }, "Wait to kick off"],
    ["it is busy until the deadline", { ...deadline, kickOff: { outcome: "busy", nextAt: 1000 } }, "Deadline exceeded"],
  ],
  "Export ready?": [
    ["the manifest is there", { ...deadline, poll: { outcome: "ready", nextAt: 10 } }, "Plan downloads"],
    ["it came after the deadline", { ...deadline, poll: { outcome: "ready", nextAt: 1001 } }, "Plan downloads"],
    ["the job runs", { ...deadline, poll: { outcome: "in-progress", nextAt: 999 } }, "Wait for export"],
    ["the next poll is too late", { ...deadline, poll: { outcome: "in-progress", nextAt: 1000 } }, "Deadline exceeded"],
  ],
  "Any files?": [
    ["the manifest is empty", { plan: { files: 0 } }, "Complete export"],
    ["there is a file", { plan: { files: 1 } }, "Download files"],
  ],
  "Try again?": [
    ["the file landed", { download: { outcome: "landed" } }, "File done"],
    ["the file failed for good", { download: { outcome: "failed" } }, "File done"],
    ["the file is worth another try", { download: { outcome: "retry" } }, "Wait for file"],
  ],
  "Everything landed?": [
    ["every file landed", { completion: { deleteJob: true } }, "Delete job"],
    ["files are missing", { completion: { deleteJob: false } }, "Release lease"],
  ],
  "How did it end?": [
    ["the export succeeded", { deletion: { deleted: true } }, "Announce completion"],
    ["it failed", { failure: { Error: "ExportJobFailed" } }, "Fail export"],
    ["it is done afresh", { failure: { Error: "ExportJobGone" }, fresh: { exportId: "e" } }, "Done afresh"],
  ],
};

const ccdRetrieval: Decisions = {
  "Session ours?": [
    ["the session is ours", { ...deadline, lease: { outcome: "ours", nextAt: 5000 } }, "Request ccds"],
    ["another request has it", { ...deadline, lease: { outcome: "waiting", nextAt: 999 } }, "Wait for session"],
    [
      "it has it until the deadline",
      { ...deadline, lease: { outcome: "waiting", nextAt: 1000 } },
      "Session never free",
    ],
  ],
  "Requested?": [
    ["the server accepted", { ...deadline, order: { outcome: "accepted", nextAt: 5000 } }, "Wait for the first try"],
    ["a request of ours is unfinished", { ...deadline, order: { outcome: "unfinished", nextAt: 999 } }, "Fetch ccds"],
    ["it is, until the deadline", { ...deadline, order: { outcome: "unfinished", nextAt: 1000 } }, "Never cleared"],
    ["somebody else's is pending", { ...deadline, order: { outcome: "foreign", nextAt: 999 } }, "Wait to request"],
    ["it is, until the deadline", { ...deadline, order: { outcome: "foreign", nextAt: 1000 } }, "Never cleared"],
    ["the server is busy", { ...deadline, order: { outcome: "busy", nextAt: 999 } }, "Wait to request"],
  ],
  "Ccds here?": [
    ["they are", { ...deadline, fetch: { outcome: "ready", nextAt: 5000 } }, "Release session lease"],
    [
      "those of another request are",
      { ...deadline, fetch: { outcome: "other-done", nextAt: 5000 } },
      "Wait to request",
    ],
    ["they are not", { ...deadline, fetch: { outcome: "not-ready", nextAt: 999 } }, "Wait for ccds"],
    ["the next try is too late", { ...deadline, fetch: { outcome: "not-ready", nextAt: 1000 } }, "Never ready"],
  ],
  "How did it end?": [
    ["the documents landed", { fetch: { outcome: "ready" } }, "Announce ccds"],
    ["it failed", { failure: { Error: "WrongPatient" } }, "Fail ccds"],
  ],
};

const machines = { "bulk-export.asl.json": bulkExport, "ccd-retrieval.asl.json": ccdRetrieval };

test("every machine has its table", () => {
  expect(Object.keys(machines)).toEqual(machineFiles);
});

describe.each(Object.entries(machines))("%s", (file, decisions) => {
  const states = new Map(statesOf(file));

  test("has every one of its Choices in the table", () => {
    const choices = [...states].filter(([, state]) => state.Type === "Choice").map(([name]) => name);
    expect(Object.keys(decisions).toSorted()).toEqual(choices.toSorted());
  });

  describe.each(Object.entries(decisions))("%s", (name, cases) => {
    test.each(cases)("when %s", (_, input, leadsTo) => {
      expect(decide(states.get(name) as State, input)).toBe(leadsTo);
    });

    test("the table knows all its ways", () => {
      const { Choices = [], Default } = states.get(name) as State;
      expect(new Set(cases.map(([, , leadsTo]) => leadsTo))).toEqual(new Set([...Choices.map((r) => r.Next), Default]));
    });
  });
});

function decide({ Choices = [], Default }: State, input: object): string | undefined {
  return Choices.find((rule) => holds(rule, input))?.Next ?? Default;
}

/** The comparisons that the machine uses; an unknown one is a fault of this table, not a "no". */
function holds(rule: ChoiceRule, input: object): boolean {
  const value = at(input, rule.Variable);
  const [operator, operand] = Object.entries(rule).find(([name]) => !/^(Variable|Next)$/.test(name)) ?? [];
  switch (operator) {
    case "StringEquals":
    case "NumericEquals":
    case "BooleanEquals":
      return value === operand;
    case "NumericGreaterThanEqualsPath":
      return Number(value) >= Number(at(input, String(operand)));
    case "IsPresent":
      return (value !== undefined) === operand;
    default:
      throw new Error(`this table does not know ${operator}`);
  }
}

function at(input: object, path: string): unknown {
  return path
    .split(".")
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], input);
}
