import { execFileSync } from "node:child_process";

/** What loading a module costs in a new process, in milliseconds. */
export interface StartCost {
  /** CPU time of all threads. A busy machine changes it less than the time on the clock. */
  cpuMs: number;
  clockMs: number;
}

/**
 * A module to compare bundles with: all of undici, as its package has it. It is pinned, and starts as bundles do: it is read,
 * compiled and run. On a busy machine it slows down as they do. A module that does nothing would not.
 */
export const yardstick = `await import(${JSON.stringify(import.meta.resolve("undici"))})`;

/** How Lambda loads a function's bundle, which is CommonJS. */
export const loadingOf = (file: string): string =>
  `process.getBuiltinModule("module").createRequire(${JSON.stringify(file)})(${JSON.stringify(file)})`;

/** Runs an expression that loads a module, in a new process of this Node, and says what that took. */
export function startCost(loading: string): StartCost {
  const script = `
    const before = process.cpuUsage();
    const started = performance.now();
    ${loading};
    const clockMs = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ cpuMs: (user + system) / 1000, clockMs }));
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  return JSON.parse(printed) as StartCost;
}

/** The middle value; of an even number of values the higher one of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
