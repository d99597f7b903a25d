import { parseArgs } from "node:util";
import { heapOfSteps, type MeasuredStep, measureStep } from "./measure-step.ts";

/*
 * `npm run bench:memory`: the memory and the CPU time of the functions that read the list of an export's files. They get the heap that
 * Lambda gives them. `--heap 100` limits V8's old objects to so many MB instead. The command ends with exit code 1 if a function
 * takes `--most` MiB or more.
 */

const { values: flags } = parseArgs({
  options: {
    files: { type: "string", default: "100000" },
    most: { type: "string", default: "300" },
    heap: { type: "string" },
  },
});
const files = Number(flags.files);
const heap = flags.heap === undefined ? heapOfSteps : [`--max-old-space-size=${flags.heap}`];
const steps: MeasuredStep[] = ["plan-downloads", "complete-export"];

console.log(`| ${files.toLocaleString("en")} files | most memory | CPU time |\n| --- | ---: | ---: |`);
for (const step of steps) {
  const { peakBytes, cpuSeconds } = await measureStep(step, files, heap);
  const mebibytes = Math.round(peakBytes / 1024 ** 2);
  console.log(`| \`${step}\` | ${mebibytes} MiB | ${cpuSeconds.toFixed(1)} s |`);
  if (mebibytes >= Number(flags.most)) {
    console.error(`${step} took ${mebibytes} MiB, and may take less than ${flags.most}`);
    process.exitCode = 1;
  }
}
