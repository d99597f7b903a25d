import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import { ccdFaultNames } from "#ccd-retrieval/language/ccd-faults.ts";
import { functionTasksOf, machineFiles, type State, sourceOf, wingOf } from "./state-machine-files.ts";

/** Faults that no machine routes: the API answers reads itself. */
const unrouted: ReadonlySet<string> = new Set(["ReadRefused"]);
const allFaults = [...new Set([...exportFaultNames, ...ccdFaultNames])].filter((fault) => !unrouted.has(fault));
type FaultName = (typeof allFaults)[number];

/** How a fault is retried: not at all, by its own retrier, or by the retrier for all other errors, because a retry may help. */
type Retried = "at once final" | "slowly" | "as any other";
type Routes = Partial<Record<FaultName, [Retried, leadsTo: string]>>;

/** The faults that each state's step documents (`@throws`), each with its retry and its next state. */
type MachineRoutes = Record<string, Routes>;

const bulkExport: MachineRoutes = {
  "Validate request": { InvalidRequest: ["at once final", "Fail export"] },
  "Take lease": {},
  "Adopt result": {},
  "Kick off export": {
    AccessRefused: ["slowly", "Release lease"],
    ClientKeyUnusable: ["at once final", "Release lease"],
    EventsUndelivered: ["as any other", "Release lease"],
    ExportStopped: ["at once final", "Release lease"],
    KickOffRejected: ["at once final", "Release lease"],
    OriginRefused: ["at once final", "Release lease"],
    // The step has returned "busy" several times before it throws.
    ServerUnavailable: ["at once final", "Release lease"],
  },
  "Poll export": {
    AccessRefused: ["slowly", "Release lease"],
    ClientKeyUnusable: ["at once final", "Release lease"],
    ExportJobFailed: ["at once final", "Delete job"],
    ExportJobGone: ["at once final", "Was it resumed?"],
    OriginRefused: ["at once final", "Release lease"],
    ServerUnavailable: ["at once final", "Delete job"],
  },
  "Start afresh": {},
  "Plan downloads": {
    AccessRefused: ["slowly", "Release lease"],
    ClientKeyUnusable: ["at once final", "Release lease"],
    // The job is complete, but it is not the one with which the export began.
    ExportJobGone: ["at once final", "Start afresh"],
    // The job is kept: its files can still be fetched, and the export can be resumed.
    ManifestRejected: ["at once final", "Release lease"],
    OriginRefused: ["at once final", "Release lease"],
    ServerUnavailable: ["as any other", "Release lease"],
  },
  "Download file": {
    AccessRefused: ["at once final", "Stop the run"],
    ClientKeyUnusable: ["at once final", "Stop the run"],
    ExportStopped: ["at once final", "Stop the run"],
  },
  "Complete export": {
    ExportStopped: ["at once final", "Release lease"],
    // What landed stays, and the job is kept: the export can be resumed.
    NoFileLanded: ["at once final", "Release lease"],
    TooManyFilesMissing: ["at once final", "Release lease"],
  },
  "Delete job": {},
  "Announce completion": { EventsUndelivered: ["as any other", "Fail export"] },
  "Fail export": { EventsUndelivered: ["as any other", "Export failed untold"] },
};

const server: Routes = {
  AccessRefused: ["slowly", "Release session lease"],
  OriginRefused: ["at once final", "Release session lease"],
  // Each step makes several attempts before it throws.
  ServerUnavailable: ["at once final", "Release session lease"],
  // Only a person can renew a session.
  SessionDead: ["at once final", "Release session lease"],
  SessionSecretUnusable: ["at once final", "Release session lease"],
};

const ccdRetrieval: MachineRoutes = {
  "Open ccd request": { InvalidRequest: ["at once final", "Fail ccds"] },
  "Take session lease": {},
  "Request ccds": { ...server, CcdRequestRefused: ["at once final", "Release session lease"] },
  "Fetch ccds": {
    ...server,
    CcdsRefused: ["at once final", "Release session lease"],
    DocumentsRefused: ["at once final", "Release session lease"],
    EventsUndelivered: ["as any other", "Release session lease"],
    WrongPatient: ["at once final", "Release session lease"],
  },
  "Announce ccds": { EventsUndelivered: ["as any other", "Fail ccds"] },
  "Fail ccds": { EventsUndelivered: ["as any other", "Ccds failed untold"] },
};

const machines = { "bulk-export.asl.json": bulkExport, "ccd-retrieval.asl.json": ccdRetrieval };

/** Faults that no step of a machine throws, each with its source. */
const fromElsewhere: Partial<Record<FaultName, string>> = {
  DeadlineExceeded: "the states behind a missed deadline, and cancel-export after a time-out",
  RetrievalStopped: "the rule for stopped executions",
};

test("every machine has a table of faults", () => {
  expect(Object.keys(machines)).toEqual(machineFiles);
});

test("every fault of the closed lists is thrown by a step or has another source", () => {
  const known = new Set([
    ...Object.values(machines).flatMap((routes) => Object.values(routes).flatMap((faults) => Object.keys(faults))),
    ...Object.keys(fromElsewhere),
  ]);
  expect([...known].toSorted()).toEqual(allFaults.toSorted());
});

describe.each(Object.entries(machines))("%s", (file, routes) => {
  const tasks = new Map(functionTasksOf(file));

  test("the table has every task with a function", () => {
    expect(Object.keys(routes).toSorted()).toEqual([...tasks.keys()].toSorted());
  });

  test("the definition contains the fault of a missed deadline", () => {
    expect(sourceOf(file)).toContain('"Error": "DeadlineExceeded"');
  });

  describe.each(Object.entries(routes))("%s", (name, faults) => {
    const state = tasks.get(name) as State;
    const folder = name.toLowerCase().replaceAll(" ", "-");

    test("the step documents the faults of the table and no others", () => {
      expect(documentedFaults(wingOf(file), folder)).toEqual(Object.keys(faults).toSorted());
    });

    test("each fault leads to the state that the table names", () => {
      const leadsTo = Object.keys(faults).map((fault) => [fault, [retried(state, fault), caught(state, fault)]]);
      expect(Object.fromEntries(leadsTo)).toEqual(faults);
    });

    test("the task names no fault that its step cannot throw", () => {
      const named = [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap(({ ErrorEquals }) => ErrorEquals);
      const ours = named.filter((error) => error !== "States.ALL" && !error.startsWith("Lambda."));
      expect(ours.filter((error) => !(error in faults))).toEqual([]);
    });
  });
});

/** The names of our list in the `@throws` of a step's file. */
function documentedFaults(wing: string, folder: string): string[] {
  const source = readFileSync(join(import.meta.dirname, "..", "..", "functions", wing, folder, `${folder}.ts`), "utf8");
  const documented = [...source.matchAll(/@throws (.*)/g)].map(([, text]) => text).join(" ");
  return allFaults.filter((fault) => new RegExp(`\\b${fault}\\b`).test(documented)).toSorted();
}

const isFor = (fault: string) => (handler: { ErrorEquals: string[] }) =>
  handler.ErrorEquals.includes(fault) || handler.ErrorEquals.includes("States.ALL");

function retried(state: State, fault: string): Retried {
  const retrier = state.Retry?.find(isFor(fault));
  if (retrier?.ErrorEquals.includes("States.ALL")) return "as any other";
  return retrier?.MaxAttempts === 0 ? "at once final" : "slowly";
}

const caught = (state: State, fault: string): string | undefined => state.Catch?.find(isFor(fault))?.Next;
