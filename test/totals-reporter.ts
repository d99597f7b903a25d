import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with one plain line, "12 passed, 0 failed", which people and machines can read alike. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      // A file that cannot even be loaded has no tests that could fail.
      if (!module.ok() && module.errors().length > 0) totals.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        totals[state === "pending" ? "failed" : state] += 1;
      }
    }
    console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  }
}
