import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mapStacks } from "#cli/mapped-stack.ts";
import { bundleOfBuild, functionBundle, functionCode } from "#infra/function-bundles.ts";

const bundles = { ofFunction: functionBundle, ofBuild: bundleOfBuild };
const repository = join(import.meta.dirname, "..", "..");

/** The line that a deployed function logs if its environment is empty. */
function failedStep(name: string): string {
  const script = `
    const { handler } = require(${JSON.stringify(functionCode(name))});
    handler({}, { getRemainingTimeInMillis: () => 60_000 }).catch(() => undefined);
  `;
  const env = { BUILD: functionBundle(name).build, PATH: process.env["PATH"] };
  return spawnSync(process.execPath, ["--eval", script], {
    encoding: "utf8",
    env,
  }).stderr.trim();
}

/** The number of the first line of a source that has this text. */
function lineOf(source: string, text: string): number {
  const lines = readFileSync(join(repository, source), "utf8").split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe("mapping the stack traces of a log", () => {
  const line = failedStep("start-export");
  const source = "functions/platform/lambda/environment.ts";

  test("a function's log line says its build, and its stack names places in the bundle", () => {
    expect(JSON.parse(line)).toMatchObject({
      build: functionBundle("start-export").build,
      code: "STEP_FAILED",
      error: { stack: expect.stringMatching(/index\.js:\d+:\d+/) },
    });
  });

  test("each place becomes a place in the sources, and the trace gets its line breaks", () => {
    const mapped = mapStacks(line, bundles);
    expect(mapped).toContain(`${source}:${lineOf(source, "throw new Error(`the environment of this function")}:`);
    expect(mapped).toContain("functions/platform/lambda/step.ts:");
    expect(mapped).not.toContain("index.js");
    expect(mapped.split("\n").length).toBeGreaterThan(2);
  });

  test("what a tool prints in front of the line stays", () => {
    expect(mapStacks(`2026-01-01T00:00:00 2026/01/01/[$LATEST]0123 ${line}`, bundles)).toContain(`${source}:`);
  });

  test("a line from another build is refused, with what to do", () => {
    const { build } = functionBundle("start-export");
    expect(() => mapStacks(line.replace(build, "0123456789ab"), bundles)).toThrow(
      "a line is from build 0123456789ab, which this checkout does not make: check out the deployed commit",
    );
  });

  test("a line of Lambda itself needs the function's name", () => {
    const crash = `    at /var/task/${/index\.js:\d+:\d+/.exec(line)?.[0]}`;
    expect(() => mapStacks(crash, bundles)).toThrow("add --function");
    expect(mapStacks(crash, bundles, "start-export")).not.toContain("index.js");
  });

  test("a line without a stack trace stays as it is", () => {
    expect(mapStacks("START RequestId: 1\\n2", bundles)).toBe("START RequestId: 1\\n2");
  });
});
