import aslValidator from "asl-validator";
import { describe, expect, test } from "vitest";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import { ccdFaultNames } from "#ccd-retrieval/language/ccd-faults.ts";
import {
  followers,
  type Level,
  levelsOf,
  machineFiles,
  rendered,
  sourceOf,
  statesOf,
  tasksOf,
} from "./state-machine-files.ts";

test("the checked definitions are those of the two machines", () => {
  expect(machineFiles).toEqual(["bulk-export.asl.json", "ccd-retrieval.asl.json"]);
});

describe.each(machineFiles)("%s", (file) => {
  const machine = rendered(file);

  test("the definition is valid Amazon States Language", () => {
    const verdict = aslValidator(structuredClone(machine), { checkPaths: true, checkArn: true });
    expect(verdict.errorsText()).toBe("");
    expect(verdict.isValid).toBe(true);
  });

  test("the validator refuses the definition with a target that does not exist", () => {
    const broken = structuredClone(machine);
    Object.assign(broken.States[broken.StartAt] ?? {}, { Next: "Nowhere" });
    expect(aslValidator(broken).errorsText()).toContain("Nowhere");
  });

  test("every state uses JSONPath, because the local AWS passes JSONata to a Distributed Map's children as text", () => {
    expect(machine.QueryLanguage).toBe("JSONPath");
    const others = statesOf(file).filter(([, { QueryLanguage = "JSONPath" }]) => QueryLanguage !== "JSONPath");
    expect(others).toEqual([]);
  });

  test("the machine has a time limit that is a number", () => {
    expect(machine.TimeoutSeconds).toBeTypeOf("number");
  });

  describe.each(levelsOf(machine))("in %s", (_, level) => {
    test("every state is reached from the first", () => {
      expect(reachable(level, level.StartAt)).toEqual(new Set(Object.keys(level.States)));
    });

    test("every state leads to an end", () => {
      const endless = Object.keys(level.States).filter(
        (name) => ![...reachable(level, name)].some((reached) => isEnd(level, reached)),
      );
      expect(endless).toEqual([]);
    });
  });

  test("each name in an ErrorEquals is one of our faults, or one of Step Functions, Lambda or DynamoDB", () => {
    const named = statesOf(file).flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    );
    const ours: ReadonlySet<string> = new Set([...exportFaultNames, ...ccdFaultNames]);
    expect(
      named.filter(
        (name) => !ours.has(name) && !/^((States|Lambda)\.\w+|DynamoDb\.ConditionalCheckFailedException)$/.test(name),
      ),
    ).toEqual([]);
  });

  test.each(tasksOf(file))('task "%s" has a time limit, retries and catches', (_, { TimeoutSeconds, Retry, Catch }) => {
    expect(TimeoutSeconds).toSatisfy(Number.isInteger);
    expect(Retry?.length).toBeGreaterThan(0);
    expect(Catch?.length).toBeGreaterThan(0);
  });

  test.each(tasksOf(file))('task "%s" retries and catches every other error last', (_, { Retry, Catch }) => {
    for (const handlers of [Retry, Catch]) {
      const catchAll = (handlers ?? []).map(({ ErrorEquals }) => ErrorEquals.includes("States.ALL"));
      // Amazon States Language requires States.ALL to be alone and last.
      expect(catchAll).toEqual([...catchAll.slice(0, -1).fill(false), true]);
      expect(handlers?.at(-1)?.ErrorEquals).toEqual(["States.ALL"]);
    }
  });

  test.each(tasksOf(file))('task "%s" does not retry its own errors for ever', (_, { Retry = [] }) => {
    const others = Retry.filter(({ ErrorEquals }) => !ErrorEquals.every((name) => name.startsWith("Lambda.")));
    expect(others.length).toBeGreaterThan(0);
    for (const { MaxAttempts } of others) expect(MaxAttempts).toSatisfy((value: number) => value >= 0 && value <= 5);
  });

  test.each(tasksOf(file))('task "%s" adds to the input and never replaces it', (_, { ResultPath, Catch = [] }) => {
    expect(ResultPath ?? "$.nothing").toMatch(/^\$\.\w+$/);
    expect(ResultPath).toBeDefined();
    for (const catcher of Catch) expect(catcher.ResultPath).toMatch(/^\$\.\w+$/);
  });

  test("a Pass replaces its whole input only at the end of a child, which the validator does not check", () => {
    const replacing = statesOf(file).filter(
      ([, state]) => state.Type === "Pass" && state.Result !== undefined && state.ResultPath === undefined,
    );
    for (const [, state] of replacing) expect(state).toMatchObject({ Result: {}, End: true });
  });

  test("the definition contains no URL, account, key or token", () => {
    const services = /arn:\$\{Partition\}:states:::(s3:getObject|aws-sdk:dynamodb:deleteItem)/g;
    const withoutNames = sourceOf(file).replaceAll(services, "").replaceAll("SessionSecretUnusable", "");
    expect(withoutNames).not.toMatch(/:\/\/|\barn:|\d{12}|\bAKIA|\bASIA|\beyJ|secret|password|token/i);
  });
});

function reachable(level: Level, from: string): Set<string> {
  const found = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const state = level.States[name];
    if (state !== undefined) open.push(...followers(state));
  }
  return found;
}

function isEnd(level: Level, name: string): boolean {
  const state = level.States[name];
  return state?.End === true || state?.Type === "Succeed" || state?.Type === "Fail";
}
