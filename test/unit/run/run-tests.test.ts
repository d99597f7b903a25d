import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PROJECTS = ["unit", "integration"].map(
  (name) => `{ test: { name: "${name}", include: ["${name}/**/*.test.js"] } }`,
);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "run-tests-"));
  await symlink(resolve("node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "vitest.config.js"), `export default { test: { projects: [${PROJECTS.join(", ")}] } };`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Writes a test file. `failsUntil` counts the runs of the file in which its hook fails. */
async function writeTests(file: string, failsUntil: number): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  const lines = [
    `import { appendFileSync, readFileSync } from "node:fs";`,
    `import { beforeAll, describe, expect, it } from "vitest";`,
    `const runs = ${JSON.stringify(join(root, `${basename(file)}.runs`))};`,
    `describe("a stage", () => {`,
    `  beforeAll(() => {`,
    `    appendFileSync(runs, "x");`,
    `    if (readFileSync(runs, "utf8").length <= ${failsUntil}) throw new Error("the stage did not start");`,
    `  });`,
    `  it("works", () => expect(1).toBe(1));`,
    `});`,
  ];
  await writeFile(join(root, file), lines.join("\n"));
}

async function runTests(): Promise<{ code: unknown; output: string; errors: string }> {
  const { VITEST: _vitest, VITEST_MODE: _mode, TEST: _test, ...environment } = process.env;
  const child = spawn(process.execPath, [resolve("test/run/run-tests.ts"), "--root", root], { env: environment });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, output, errors };
}

const lastLine = (output: string): string | undefined => output.trimEnd().split("\n").at(-1);

describe("npm test", () => {
  it("runs an integration file once more whose hook failed, and names it with its error", async () => {
    await writeTests("integration/a.test.js", 1);
    const { code, output, errors } = await runTests();
    expect([code, lastLine(output)]).toEqual([0, "1 passed, 0 failed, 0 skipped"]);
    expect(errors).toContain(
      'passed only at the second attempt:\nintegration/a.test.js "a stage"\nError: the stage did not start',
    );
  });

  it("fails if the second attempt fails", async () => {
    await writeTests("integration/a.test.js", 2);
    await writeTests("integration/b.test.js", 0);
    const { code, output, errors } = await runTests();
    expect([code, lastLine(output)]).toEqual([1, "1 passed, 1 failed, 1 skipped"]);
    expect(errors).not.toContain("passed only");
  });

  it("gives a unit test one attempt", async () => {
    await writeTests("unit/a.test.js", 1);
    const { code, output } = await runTests();
    expect([code, lastLine(output)]).toEqual([1, "0 passed, 1 failed, 1 skipped"]);
  });
});
