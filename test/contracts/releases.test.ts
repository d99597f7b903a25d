import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { exportJob, kickOffMark } from "#bulk-export/language/export-job.ts";
import { exportPlan } from "#bulk-export/language/export-plan.ts";
import { exportRecord } from "#bulk-export/language/export-record.ts";
import { workItem } from "#bulk-export/language/export-state.ts";
import { exportSummary } from "#bulk-export/language/export-summary.ts";
import { failedFile, landedFile } from "#bulk-export/language/landed-file.ts";
import { ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import { machineStates, stepInputs } from "#test/workflow/machine-states.ts";
import {
  functionTasksOf,
  levelsOf,
  type Machine,
  machineFiles,
  type State,
  serviceTasksOf,
} from "#test/workflow/state-machine-files.ts";
import { outcomesOf, recordedReleases, releaseFolder } from "./releases.ts";

/*
 * An execution keeps its definition while the functions that it calls are replaced (docs/adr/0020-additive-contracts.md).
 * These tests run the code of today on what each recorded release left: `npm run record-release` wrote it, from a real run.
 */

/** The bridge's own records in S3, by the kind of their key. */
const records: Record<string, z.ZodType> = {
  "work/*/export.json": exportRecord,
  "work/*/kick-off.json": kickOffMark,
  "work/*/job.json": exportJob,
  "work/*/plan.json": exportPlan,
  "work/*/work-list.json": z.array(workItem),
  "work/*/receipts/*": landedFile,
  "work/*/failures/*": failedFile,
  "exports/*/summary.json": exportSummary,
  "ccds/*/documents.json": ccdDocuments,
};

test("a release is recorded, and each state of today's machines with a function has its input's schema", () => {
  expect(recordedReleases().length).toBeGreaterThan(0);
  for (const file of machineFiles)
    expect(Object.keys(stepInputs[file] ?? {}).toSorted()).toEqual(
      functionTasksOf(file)
        .map(([name]) => name)
        .toSorted(),
    );
});

describe.each(recordedReleases())("release %s", (version) => {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(releaseFolder(version), file), "utf8"));

  describe.each(machineFiles)("an execution of %s that began with it", (file) => {
    const machine = read(file) as Machine;
    const inputs = read(file.replace(".asl.json", ".states.json")) as Record<string, unknown[]>;
    const states = levelsOf(machine).flatMap(([, level]) => Object.entries(level.States));
    const functionsOfToday = functionTasksOf(file).map(([, { Resource }]) => Resource);

    test("finds every function that its states call", () => {
      const resources = states.filter(([, { Type }]) => Type === "Task").map(([, { Resource }]) => Resource);
      const services = serviceTasksOf(file).map(([, { Resource }]) => Resource);
      expect(resources.filter((arn) => ![...functionsOfToday, ...services].includes(arn))).toEqual([]);
    });

    test.each(Object.entries(inputs).filter(([name]) => name in (stepInputs[file] ?? {})))(
      'gives "%s" an input that the function accepts',
      (name, given) => {
        expect(given.length).toBeGreaterThan(0);
        for (const input of given) expect(stepInputs[file]?.[name]?.safeParse(input).error).toBeUndefined();
      },
    );

    test("was recorded in every state, except where two executions must meet or the server must fail", () => {
      const missing = functionTasksOf(file).filter(([name]) => !(name in inputs));
      const byChance = new Set(["Adopt result", "Fail ccds"]);
      expect(missing.map(([name]) => name).filter((name) => !byChance.has(name))).toEqual([]);
    });

    test("gets from each function the fields that its states read", () => {
      const paths = [...JSON.stringify(machine).matchAll(/"\$\.(\w+)\.(\w+)"/g)];
      const missing = paths.filter(
        ([, name = "", field = ""]) => !(field in (machineStates[file]?.[name]?.shape ?? {})),
      );
      expect(paths.length).toBeGreaterThan(10);
      expect(missing.map(([path]) => path)).toEqual([]);
    });

    test("knows every outcome that a function can answer: its Choices would take another one for not ready", () => {
      const known = read("outcomes.json") as Record<string, Record<string, string[]>>;
      expect(outcomesOf(file)).toEqual(known[file]);
      const compared = states.flatMap(([, state]) => comparisonsOf(state));
      expect(compared.length).toBeGreaterThan(0);
      for (const [name, outcome] of compared) expect(outcomesOf(file)[name]).toContain(outcome);
    });
  });

  test.each(Object.entries(read("records.json") as Record<string, unknown[]>))(
    "left records %s that are read",
    (kind, found) => {
      expect(Object.keys(records)).toContain(kind);
      for (const record of found) expect(records[kind]?.safeParse(record).error).toBeUndefined();
    },
  );
});

/** `$.poll.outcome` equals `ready`: ["poll", "ready"]. */
const comparisonsOf = ({ Choices = [] }: State): [name: string, outcome: string][] =>
  Choices.flatMap(({ Variable, StringEquals }) => {
    const [, name] = /^\$\.(\w+)\.outcome$/.exec(Variable) ?? [];
    return name === undefined || typeof StringEquals !== "string" ? [] : [[name, StringEquals]];
  });
