/*
 * `npm run test:scale`: runs one export of many files through the stacks that a user deploys, on the local AWS. It prints
 * the usage, and ends with exit code 1 if a file is missing, wrong, or landed or published more than once.
 */
import { parseArgs } from "node:util";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import { readableBytes } from "#cli/output/units.ts";
import { runStoppable } from "#local/run-stoppable.ts";
import { type ExportAtScale, exportAtScale } from "./export-at-scale.ts";
import { brokenInvariants, largestState, mostHistoryEvents, mostStateBytes } from "./invariants.ts";
import type { ProcessUsage } from "./process-usage.ts";

const { values: flags } = parseArgs({
  options: {
    /** How many files the server's manifest lists. */
    files: { type: "string", default: "10000" },
  },
});

const begun = performance.now();
const seconds = (): string => ((performance.now() - begun) / 1000).toFixed(1);

await runStoppable(async (signal) => {
  const files = Number(flags.files);
  if (!Number.isInteger(files) || files < 1) throw new Error("--files must be a whole number above 0");
  const run = await exportAtScale({
    files,
    signal,
    report: (line) => console.log(`${seconds().padStart(6)} s  ${line}`),
  });
  console.log(`\n${table(rowsOf(run))}\n`);
  const broken = brokenInvariants(run);
  if (broken.length > 0) throw new Error(`the export broke these invariants:\n  ${broken.join("\n  ")}`);
  console.log("Every file landed once, was downloaded once and published once, within all limits.");
});

type Row = [name: string, value: string];

function rowsOf(run: ExportAtScale): Row[] {
  const { totals, phases } = run.summary;
  const polls = run.requests.filter(({ endpoint }) => endpoint === "status").length;
  const { stateTransitions, parentHistory } = run.onAws;
  return [
    ["files", `${count(totals.files)} (${count(totals.lines)} lines, ${readableBytes(totals.bytes)})`],
    ["seconds", `${run.exportSeconds.toFixed(1)} for the export, ${seconds()} with deployment and checks`],
    ...(phases === undefined ? [] : [phasesRow(phases)]),
    ["status polls", count(polls)],
    ["state transitions", `${count(stateTransitions)}, as AWS bills them`],
    ["parent's history", `${count(parentHistory)} events of at most ${count(mostHistoryEvents)}, as AWS counts them`],
    ["largest state", `${count(largestState(run))} bytes of at most ${count(mostStateBytes)}`],
    ...run.processes.map(processRow),
  ];
}

function phasesRow({ waiting, atServer, downloading }: NonNullable<ExportSummary["phases"]>): Row {
  return ["phases", `${waiting} s before the kick-off, ${atServer} s to the manifest, ${downloading} s to the summary`];
}

/** The memory of the largest process of a kind, and the CPU time of all. */
function processRow({ name, processes, peakBytes, cpuSeconds, limitBytes }: ProcessUsage): Row {
  const limit = limitBytes === undefined ? "" : ` of ${mebibytes(limitBytes)}`;
  const all = processes === 1 ? "" : ` in ${processes} processes`;
  return [name, `${mebibytes(peakBytes)}${limit}, ${cpuSeconds.toFixed(1)} s of CPU${all}`];
}

function count(value: number): string {
  return value.toLocaleString("en");
}

/** In the unit of Lambda's memory setting: "512 MiB". */
function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function table(rows: [name: string, value: string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
