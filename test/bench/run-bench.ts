/*
 * `npm run bench`: measures how fast one process downloads, verifies and lands files, beside the same path without the verifier and
 * smart-fetch. It prints the results as Markdown, and writes them as JSON and SVG into .local/bench. `--save` also puts the plot
 * and the tables into docs/.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runStoppable } from "#local/run-stoppable.ts";
import { runBench } from "./bench.ts";
import { renderPlot } from "./plot.ts";
import { renderResults } from "./report.ts";
import type { BenchResults } from "./results.ts";

const { values: flags } = parseArgs({
  options: {
    /** Tiny files, one round: only shows that the bench works. */
    quick: { type: "boolean", default: false },
    /** Adds a file of 4 GiB. */
    large: { type: "boolean", default: false },
    /** Leaves smart-fetch out, which pip installs at the first run. */
    "no-peers": { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    /** Puts the tables and the plot into docs/. */
    save: { type: "boolean", default: false },
  },
});

const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be a whole number above 0");
const { quick, large, save } = flags;
if (quick && save) throw new Error("--quick measures nothing that --save could put into docs/");
const options = { quick, large, rounds, peers: !flags["no-peers"] };
await runStoppable(async (signal) => saveResults(await runBench(options, (line) => console.error(line), signal)));

async function saveResults(results: BenchResults): Promise<void> {
  const repository = join(import.meta.dirname, "../..");
  const [tables, plot] = [renderResults(results), renderPlot(results)];
  const folder = join(repository, ".local/bench");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "downloads.json"), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(folder, "downloads.svg"), plot);
  console.log(tables);
  if (!save) return;
  await writeFile(join(repository, "docs/images/downloads.svg"), plot);
  const page = join(repository, "docs/performance.md");
  await writeFile(page, withDownloads(await readFile(page, "utf8"), tables));
}

/** The page with these tables between its marks. */
function withDownloads(page: string, tables: string): string {
  const [begin, end] = ["<!-- downloads -->", "<!-- /downloads -->"];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks the marks ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${tables}\n\n${page.slice(to)}`;
}
