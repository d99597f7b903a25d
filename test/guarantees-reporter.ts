import type { Reporter, TestModule, Vitest } from "vitest/node";
import { isTitleOf, namedTests } from "./contracts/guarantees.ts";

/**
 * Fails a run in which a test that docs/reliability.md or docs/aws.md names did not pass, although its file ran: it was skipped, or its
 * table of cases was empty. A run that is filtered by title is not judged.
 */
export default class GuaranteesReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#vitest?.config.testNamePattern !== undefined) return;
    const passed = new Map<string, string[]>();
    for (const module of modules) {
      const names = [...module.children.allTests()].filter((test) => test.result().state === "passed");
      passed.set(
        module.relativeModuleId,
        names.map(({ name }) => name),
      );
    }
    for (const { file, title, page } of namedTests) {
      if (passed.get(file)?.some((name) => isTitleOf(title, name)) ?? true) continue;
      console.error(`docs/${page} names a test that did not pass in this run: ${file} "${title}"`);
      process.exitCode = 1;
    }
  }
}
