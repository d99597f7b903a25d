import type { Reporter, TestModule } from "vitest/node";

/**
 * Closes a run with one plain line, "12 passed, 0 failed", which people and machines can read alike. Before it, it names each test that
 * passed only at its second attempt.
 */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    const unsure: string[] = [];
    for (const module of modules) {
      // A file that cannot even be loaded has no tests that could fail.
      if (!module.ok() && module.errors().length > 0) totals.failed += 1;
      // Nor do the tests of a group fail whose hooks fail: they are skipped.
      for (const group of module.children.allSuites()) if (group.errors().length > 0) totals.failed += 1;
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result();
        totals[state === "pending" ? "failed" : state] += 1;
        if (test.diagnostic()?.flaky === true) {
          const reasons = errors.map(({ message, stack }) => ownLines(stack ?? message));
          unsure.push([`${module.relativeModuleId} "${test.fullName}"`, ...reasons].join("\n"));
        }
      }
    }
    if (unsure.length > 0) console.error(`\npassed only at the second attempt:\n${unsure.join("\n")}`);
    console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  }
}

/** The lines of a stack without those of dependencies. */
const ownLines = (stack: string): string =>
  stack
    .split("\n")
    .filter((line) => !line.includes("node_modules"))
    .join("\n");
