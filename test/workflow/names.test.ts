import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { definitionPlaceholders, stateMachineDefinition } from "#infra/constructs/platform/state-machine-definition.ts";
import { functionTasksOf, isNumber, machineFiles, serviceTasksOf, sourceOf, wingOf } from "./state-machine-files.ts";

const functions = join(import.meta.dirname, "..", "..", "functions");

/** `KickOffExport` → `kick-off-export` */
const asFolder = (construct: string): string => asWords(construct).join("-");
/** `KickOffExport` → `Kick off export` */
const asState = (construct: string): string => {
  const [first = "", ...rest] = asWords(construct);
  return [`${first.charAt(0).toUpperCase()}${first.slice(1)}`, ...rest].join(" ");
};
const asWords = (construct: string): string[] => (construct.match(/[A-Z][a-z0-9]*/g) ?? []).map((w) => w.toLowerCase());

/** Some value for each placeholder. */
const values = (names: string[]) => ({
  texts: Object.fromEntries(names.filter((name) => !isNumber(name)).map((name) => [name, "x"])),
  numbers: Object.fromEntries(names.filter(isNumber).map((name) => [name, 1])),
});

describe.each(machineFiles)("%s", (file) => {
  const arns = definitionPlaceholders(file).filter((name) => name.endsWith("Arn"));

  test.each(arns.map((arn) => arn.slice(0, -3)))("%s has its folder, its handler and its step", (construct) => {
    const folder = asFolder(construct);
    expect(existsSync(join(functions, wingOf(file), folder, "handler.ts"))).toBe(true);
    expect(existsSync(join(functions, wingOf(file), folder, `${folder}.ts`))).toBe(true);
  });

  test("each task calls the function with its name", () => {
    const called = functionTasksOf(file).map(([name, { Resource }]) => [
      name,
      asState(Resource?.split(":").at(-1) ?? ""),
    ]);
    expect(called.map(([, construct]) => construct)).toEqual(called.map(([name]) => name));
  });

  test("the only task without a function is the one that deletes the lease", () => {
    const resources = serviceTasksOf(file).map(([name, { Resource }]) => [name, Resource]);
    expect(resources).toEqual([
      [expect.stringMatching(/^Release (session )?lease$/), "arn:aws:states:::aws-sdk:dynamodb:deleteItem"],
    ]);
  });

  test("each function is called by one state only", () => {
    for (const arn of arns) expect(sourceOf(file).split(`\${${arn}}`)).toHaveLength(2);
  });

  test("each number has a placeholder of its own, so that it becomes a number", () => {
    for (const name of definitionPlaceholders(file).filter(isNumber))
      expect(sourceOf(file)).toContain(`: "\${${name}}"`);
  });

  test("a definition is refused if a placeholder has no value", () => {
    const [first = "", ...rest] = definitionPlaceholders(file);
    expect(() => stateMachineDefinition(file, values(rest))).toThrow(`placeholders without a value: [${first}]`);
  });

  test("a definition is refused if a value has no placeholder", () => {
    const names = [...definitionPlaceholders(file), "ForgottenArn"];
    expect(() => stateMachineDefinition(file, values(names))).toThrow("values without a placeholder: [ForgottenArn]");
  });

  test("a rendered definition contains no placeholder", () => {
    expect(stateMachineDefinition(file, values(definitionPlaceholders(file)))).not.toContain("${");
  });
});
