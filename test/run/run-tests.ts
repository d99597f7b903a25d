import { parseCLI, startVitest, type TestModule, type Vitest } from "vitest/node";
import { unprovenGuarantees } from "#test/run/guarantees.ts";
import { failuresOf, totalsOf } from "#test/run/totals.ts";

/** More files than this do not fail because a machine was busy. */
const MAX_REPEATED_FILES = 4;

const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const run = (files: string[]): Promise<Vitest> => startVitest(files, { ...options, run: true });

/**
 * Runs the tests as `vitest run` does, with its filters and options, and closes with the totals. An integration file in which something
 * failed runs once more, with a stage of its own, because a dozen processes share the machine. The report names it with what failed:
 * its test has a race, or the product has one.
 */
async function runTests(): Promise<void> {
  const first = await run(filter);
  const modules = new Map(first.state.getTestModules().map((module) => [module.relativeModuleId, module]));
  const unsure = filesToRepeat(first);
  if (unsure.length > 0) {
    process.exitCode = 0;
    const second = await run(unsure.map(({ relativeModuleId }) => relativeModuleId));
    for (const module of second.state.getTestModules()) modules.set(module.relativeModuleId, module);
  }
  const last = [...modules.values()];
  const unproven = options.testNamePattern === undefined ? unprovenGuarantees(last) : [];
  if (unproven.length > 0) process.exitCode = 1;
  for (const line of [...unproven, ...reportSecondAttempts(unsure, modules)]) console.error(line);
  console.log(`\n${totalsOf(last)}`);
}

/** The files that get a second attempt: only if nothing but a few integration files failed. */
function filesToRepeat({ state }: Vitest): TestModule[] {
  const failed = state.getTestModules().filter((module) => !module.ok());
  const mayPass = failed.length <= MAX_REPEATED_FILES && failed.every(({ project }) => project.name === "integration");
  return mayPass && state.getUnhandledErrors().length === 0 ? failed : [];
}

function reportSecondAttempts(unsure: readonly TestModule[], last: ReadonlyMap<string, TestModule>): string[] {
  return unsure
    .filter(({ relativeModuleId }) => last.get(relativeModuleId)?.ok() === true)
    .flatMap((module) => ["\npassed only at the second attempt:", ...failuresOf(module)]);
}

await runTests();
