import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { functionCode, functionNames } from "#infra/function-bundles.ts";
import { loadingOf, median, type StartCost, startCost, yardstick } from "./start-cost.ts";

/*
 * `npm run bench:cold`: the size of each function's bundle, and what loading it costs in a new process, as a table. The runs of
 * all bundles alternate, so that a busy moment of the machine meets them all. `--rounds` says how many runs each has.
 */

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });

const files = new Map(functionNames().map((name) => [name, functionCode(name)]));
const runs = new Map<string, StartCost[]>();
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const loading of [yardstick, ...[...files.values()].map(loadingOf)]) {
    runs.set(loading, [...(runs.get(loading) ?? []), startCost(loading)]);
  }
}

const medianOf = (loading: string, cost: keyof StartCost): number =>
  median((runs.get(loading) ?? []).map((run) => run[cost]));
const yardstickMs = medianOf(yardstick, "cpuMs");
const rows = [...files].map(([name, file]) => ({
  name,
  kibibytes: statSync(file).size / 1024,
  cpuMs: medianOf(loadingOf(file), "cpuMs"),
  clockMs: medianOf(loadingOf(file), "clockMs"),
}));

console.log(`All of undici: ${yardstickMs.toFixed(0)} ms of CPU time.\n`);
console.log("| function | KiB | CPU time, ms | clock, ms | times all of undici |");
console.log("| --- | ---: | ---: | ---: | ---: |");
for (const { name, kibibytes, cpuMs, clockMs } of rows.toSorted((a, b) => b.kibibytes - a.kibibytes)) {
  const figures = [kibibytes.toFixed(0), cpuMs.toFixed(0), clockMs.toFixed(0), (cpuMs / yardstickMs).toFixed(2)];
  console.log(`| \`${name}\` | ${figures.join(" | ")} |`);
}
