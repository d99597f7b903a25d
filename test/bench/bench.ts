import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { ensurePythonEnvironment, findPython } from "#local/local-aws/python-environment.ts";
import { runChild } from "#local/local-aws/run-child.ts";
import { bundleContenders } from "./contenders/contender-bundles.ts";
import {
  bridgeContender,
  bulkFhirFetchContender,
  type Contender,
  findBulkFhirFetch,
  smartFetchContender,
} from "./contenders/contenders.ts";
import type { ListedFile } from "./loopback/export-server.ts";
import { startLoopbackServers } from "./loopback/loopback-servers.ts";
import { measureProcess } from "./measure-process.ts";
import type { BenchResults, LineSpeeds, ScenarioResult, Usage } from "./results.ts";
import { type BenchOptions, type Scenario, scenariosOf } from "./scenarios.ts";

const repository = join(import.meta.dirname, "../..");

type Report = (line: string) => void;

/**
 * Measures all contenders with all scenarios. In each round, they run one after another.
 * @throws Error if a contender fails, or writes another number of bytes than the files have
 */
export async function runBench(options: BenchOptions, report: Report, signal: AbortSignal): Promise<BenchResults> {
  const [load = 0] = loadavg();
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-bench-"));
  const servers = await startLoopbackServers(options.quick ? 50 : 2_000);
  try {
    const bundles = await bundleContenders(folder);
    const contenders = [
      bridgeContender("unverified", bundles.landFiles, servers),
      bridgeContender("integra-bridge", bundles.landFiles, servers),
      ...(options.peers ? await peersIn(folder, report) : []),
    ];
    const { command: python } = await findPython();
    const scenarios: ScenarioResult[] = [];
    for (const scenario of scenariosOf(options)) {
      const base = `${servers.exports}/${scenario.files}x${scenario.fileBytes}`;
      scenarios.push(await runScenario({ scenario, base, contenders, python, folder, report, signal }));
    }
    const lines = await measureLines(bundles.checkLines, options.quick, signal);
    return {
      date: new Date().toISOString().slice(0, 10),
      cores: availableParallelism(),
      load,
      node: process.version,
      scenarios,
      lines,
    };
  } finally {
    servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface ScenarioRun {
  scenario: Scenario;
  base: string;
  contenders: readonly Contender[];
  python: string;
  folder: string;
  report: Report;
  signal: AbortSignal;
}

async function runScenario({ scenario, base, contenders, ...run }: ScenarioRun): Promise<ScenarioResult> {
  const bytes = await exportBytes(base);
  const taking = contenders.filter(({ name }) => scenario.contenders.includes(name));
  const results = taking.map((contender) => ({ contender, runs: [] as Usage[] }));
  for (let round = 1; round <= scenario.rounds; round += 1) {
    for (const { contender, runs } of results) {
      const { argv, env } = contender.command(base, scenario.atOnce);
      const usage = await measureProcess(run.python, argv, { env, folder: run.folder, signal: run.signal });
      const written = await contender.takeWrittenBytes();
      if (written !== bytes) throw new Error(`${contender.name} wrote ${written} of ${bytes} bytes`);
      runs.push(usage);
      run.report(`${scenario.name}, round ${round}, ${contender.name}: ${usageText(usage)}`);
    }
  }
  return {
    scenario: scenario.name,
    files: scenario.files,
    bytes,
    contenders: results.map(({ contender, runs }) => ({ contender: contender.name, runs })),
  };
}

const usageText = ({ wallSeconds, cpuSeconds, peakBytes }: Usage): string =>
  `${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, ${(peakBytes / 1e6).toFixed(0)} MB`;

async function exportBytes(base: string): Promise<number> {
  const manifest = (await (await request(`${base}/status`)).body.json()) as { output: ListedFile[] };
  return manifest.output.reduce((sum, { extension }) => sum + extension.bytes, 0);
}

async function measureLines(bundle: string, quick: boolean, signal: AbortSignal): Promise<LineSpeeds[]> {
  const { code, tail } = await runChild(process.execPath, [bundle, ...(quick ? ["2"] : [])], { signal });
  if (code !== 0) throw new Error(`the check of lines failed:\n${tail}`);
  return JSON.parse(tail) as LineSpeeds[];
}

/** The programs of others. Each writes into a folder of its own. */
async function peersIn(folder: string, report: Report): Promise<Contender[]> {
  const smartFetch = smartFetchContender(await smartFetchPython(), join(folder, "smart-fetch"));
  const program = await findBulkFhirFetch();
  if (program !== null) return [smartFetch, bulkFhirFetchContender(program, join(folder, "bulk_fhir_fetch"))];
  report("bulk_fhir_fetch is not on the PATH, and left out");
  return [smartFetch];
}

/** The Python that has smart-fetch, in an environment of its own. */
async function smartFetchPython(): Promise<string> {
  const local = join(repository, ".local");
  await mkdir(local, { recursive: true });
  const requirements = join(import.meta.dirname, "smart-fetch/requirements.txt");
  return (await ensurePythonEnvironment(join(local, "smart-fetch-venv"), requirements)).python;
}
