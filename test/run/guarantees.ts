import type { TestModule } from "vitest/node";
import { isTitleOf, namedTests } from "#test/contracts/guarantees.ts";

/**
 * One sentence for each test that docs/reliability.md or docs/aws.md names and that did not pass, although its file ran: it failed, it
 * was skipped, or its table of cases was empty.
 */
export function unprovenGuarantees(modules: readonly TestModule[]): string[] {
  const passed = new Map<string, string[]>();
  for (const module of modules) {
    const tests = [...module.children.allTests()].filter((test) => test.result().state === "passed");
    passed.set(
      module.relativeModuleId,
      tests.map(({ name }) => name),
    );
  }
  return namedTests
    .filter(({ file, title }) => passed.get(file)?.some((name) => isTitleOf(title, name)) === false)
    .map(({ file, title, page }) => `docs/${page} names a test that did not pass in this run: ${file} "${title}"`);
}
