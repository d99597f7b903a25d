import type { TestModule } from "vitest/node";

/** One plain line, "12 passed, 0 failed, 0 skipped", which people and machines can read alike. */
export function totalsOf(modules: readonly TestModule[]): string {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    totals.failed += failedHooks(module).length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      totals[state === "pending" ? "failed" : state] += 1;
    }
  }
  return `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;
}

/** What failed in a file, with the reasons: its tests, and its groups. */
export function failuresOf(module: TestModule): string[] {
  const tests = [...module.children.allTests("failed")].map((test) => ({
    name: test.fullName,
    errors: test.result().errors ?? [],
  }));
  return [...failedHooks(module), ...tests].map(({ name, errors }) =>
    [`${module.relativeModuleId} "${name}"`, ...errors.map(({ message, stack }) => ownLines(stack ?? message))].join(
      "\n",
    ),
  );
}

/** The groups whose hooks failed, and a file that cannot even be loaded. Their tests do not fail: they are skipped. */
function failedHooks(module: TestModule) {
  const groups = [...module.children.allSuites()].map((group) => ({ name: group.fullName, errors: group.errors() }));
  return [{ name: "the file", errors: module.errors() }, ...groups].filter(({ errors }) => errors.length > 0);
}

/** The lines of a stack without those of dependencies. */
const ownLines = (stack: string): string =>
  stack
    .split("\n")
    .filter((line) => !line.includes("node_modules"))
    .join("\n");
