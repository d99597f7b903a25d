import { describe, expect, test } from "vitest";
import { chooseNext } from "#cli/cost/choose-next.ts";
import { machineFiles, type State, statesOf } from "./state-machine-files.ts";

const deadline = { export: { deadlineAt: 1000 }, request: { deadlineAt: 1000 } };

/** The Choices of a machine, each with inputs and the next state for each input. */
type Decisions = Record<string, [condition: string, input: object, next: string][]>;

const bulkExport: Decisions = {
  "Our turn?": [
    ["the lease is ours", { ...deadline, lease: { outcome: "ours", nextAt: 5000 } }, "Anything to continue?"],
    ["an identical export completed", { ...deadline, lease: { outcome: "adopt", nextAt: 5000 } }, "Adopt result"],
    ["another export holds the lease", { ...deadline, lease: { outcome: "waiting", nextAt: 999 } }, "Wait for turn"],
    [
      "another export holds the lease until the deadline",
      { ...deadline, lease: { outcome: "waiting", nextAt: 1000 } },
      "Never our turn",
    ],
  ],
  "Anything to continue?": [
    ["the export is in its first run", { export: { run: "first" } }, "Kick off export"],
    ["the export is resumed", { export: { run: "r2" } }, "Poll export"],
  ],
  "Was it resumed?": [
    ["the job of a first run is gone", { export: { run: "first" } }, "Delete job"],
    ["the job of a resumed export is gone", { export: { run: "r1" } }, "Start afresh"],
  ],
  "Is the job gone?": [
    ["the first poll found no job", {}, "Delete job"],
    ["a later poll found no job", { poll: { outcome: "in-progress" } }, "Delete job"],
    ["the job has a manifest, but other files", { poll: { outcome: "ready" } }, "Release lease"],
  ],
  "Our job?": [
    ["the job is ours", { ...deadline, plan: { outcome: "planned", nextAt: 5000 } }, "Any files?"],
    [
      "the job is that of another request",
      { ...deadline, plan: { outcome: "foreign", nextAt: 999 } },
      "Wait out the other job",
    ],
    [
      "the job is that of another request until the deadline",
      { ...deadline, plan: { outcome: "foreign", nextAt: 1000 } },
      "Never our job",
    ],
  ],
  "Kicked off?": [
    ["the server accepted", { ...deadline, kickOff: { outcome: "accepted", nextAt: 10 } }, "Wait for the first poll"],
    [
      "the server accepted late",
      { ...deadline, kickOff: { outcome: "accepted", nextAt: 5000 } },
      "Wait for the first poll",
    ],
    ["the server is busy", { ...deadline, kickOff: { outcome: "busy", nextAt: 999 } }, "Wait to kick off"],
    [
      "the server is busy until the deadline",
      { ...deadline, kickOff: { outcome: "busy", nextAt: 1000 } },
      "Deadline exceeded",
    ],
  ],
  "Export ready?": [
    ["the manifest is there", { ...deadline, poll: { outcome: "ready", nextAt: 10 } }, "Plan downloads"],
    [
      "the manifest arrived after the deadline",
      { ...deadline, poll: { outcome: "ready", nextAt: 1001 } },
      "Plan downloads",
    ],
    ["the job runs", { ...deadline, poll: { outcome: "in-progress", nextAt: 999 } }, "Wait for export"],
    [
      "the next poll would come after the deadline",
      { ...deadline, poll: { outcome: "in-progress", nextAt: 1000 } },
      "Deadline exceeded",
    ],
  ],
  "Any files?": [
    ["the manifest is empty", { plan: { files: 0 } }, "Complete export"],
    ["there is a file", { plan: { files: 1 } }, "Download files"],
  ],
  "Try again?": [
    ["every file landed", { download: { outcome: "landed" } }, "File done"],
    ["a file failed for good and none is pending", { download: { outcome: "failed" } }, "File done"],
    ["files are pending", { download: { outcome: "retry" } }, "Wait for file"],
  ],
  "Everything landed?": [
    ["every file landed", { completion: { deleteJob: true } }, "Delete job"],
    ["files are missing", { completion: { deleteJob: false } }, "Release lease"],
  ],
  "How did it end?": [
    ["the export succeeded", { deletion: { deleted: true } }, "Announce completion"],
    ["the export failed", { failure: { Error: "ExportJobFailed" } }, "Fail export"],
    [
      "a replacement export was started",
      { failure: { Error: "ExportJobGone" }, fresh: { exportId: "e" } },
      "Done afresh",
    ],
  ],
};

const ccdRetrieval: Decisions = {
  "Session ours?": [
    ["the session is ours", { ...deadline, lease: { outcome: "ours", nextAt: 5000 } }, "Request ccds"],
    [
      "another CCD request holds the session",
      { ...deadline, lease: { outcome: "waiting", nextAt: 999 } },
      "Wait for session",
    ],
    [
      "another CCD request holds the session until the deadline",
      { ...deadline, lease: { outcome: "waiting", nextAt: 1000 } },
      "Session never free",
    ],
  ],
  "Requested?": [
    ["the server accepted", { ...deadline, order: { outcome: "accepted", nextAt: 5000 } }, "Wait for the first try"],
    [
      "one of our CCD requests is unfinished",
      { ...deadline, order: { outcome: "unfinished", nextAt: 999 } },
      "Fetch ccds",
    ],
    [
      "one of our CCD requests is unfinished until the deadline",
      { ...deadline, order: { outcome: "unfinished", nextAt: 1000 } },
      "Never cleared",
    ],
    [
      "an unrelated server request is pending",
      { ...deadline, order: { outcome: "foreign", nextAt: 999 } },
      "Wait to request",
    ],
    [
      "an unrelated server request is pending until the deadline",
      { ...deadline, order: { outcome: "foreign", nextAt: 1000 } },
      "Never cleared",
    ],
    ["the server is busy", { ...deadline, order: { outcome: "busy", nextAt: 999 } }, "Wait to request"],
  ],
  "Ccds here?": [
    ["the documents landed", { ...deadline, fetch: { outcome: "ready", nextAt: 5000 } }, "Release session lease"],
    [
      "the documents of an unfinished request landed",
      { ...deadline, fetch: { outcome: "other-done", nextAt: 5000 } },
      "Wait to request",
    ],
    ["the documents are not ready", { ...deadline, fetch: { outcome: "not-ready", nextAt: 999 } }, "Wait for ccds"],
    [
      "the next attempt would come after the deadline",
      { ...deadline, fetch: { outcome: "not-ready", nextAt: 1000 } },
      "Never ready",
    ],
  ],
  "How did it end?": [
    ["the documents landed", { fetch: { outcome: "ready" } }, "Announce ccds"],
    ["the CCD request failed", { failure: { Error: "WrongPatient" } }, "Fail ccds"],
  ],
};

const machines = { "bulk-export.asl.json": bulkExport, "ccd-retrieval.asl.json": ccdRetrieval };

test("every machine has a table of its Choices", () => {
  expect(Object.keys(machines)).toEqual(machineFiles);
});

describe.each(Object.entries(machines))("%s", (file, decisions) => {
  const states = new Map(statesOf(file));

  test("the table has every Choice", () => {
    const choices = [...states].filter(([, state]) => state.Type === "Choice").map(([name]) => name);
    expect(Object.keys(decisions).toSorted()).toEqual(choices.toSorted());
  });

  describe.each(Object.entries(decisions))("%s", (name, cases) => {
    const readable = cases.map(([condition, input, next]) => [condition, next, input] as const);
    test.each(readable)("if %s, the next state is %s", (_, next, input) => {
      expect(chooseNext(states.get(name) as State, input)).toBe(next);
    });

    test("the table has every next state", () => {
      const { Choices = [], Default } = states.get(name) as State;
      expect(new Set(cases.map(([, , next]) => next))).toEqual(new Set([...Choices.map((r) => r.Next), Default]));
    });
  });
});
