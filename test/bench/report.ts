import { type BenchResults, medianUsage, type Runs, type ScenarioResult, speedRatio } from "./results.ts";

const mebibyte = 1024 * 1024;

/** The results as Markdown: a table of the downloads, one of the check of lines, and a list of the targets. */
export function renderResults(results: BenchResults): string {
  return [
    `Measured on ${results.date}: ${results.cores} cores, load average ${results.load.toFixed(1)} before the first run, Node ${results.node}.`,
    downloadTable(results.scenarios),
    lineTable(results),
    targetList(results.scenarios),
  ].join("\n\n");
}

function downloadTable(scenarios: readonly ScenarioResult[]): string {
  return table([
    [
      "files",
      "program",
      "time",
      "MiB/s",
      "files/s",
      "CPU time",
      "peak memory",
      "speed ÷ unverified: by the clock (by CPU time)",
    ],
    ...scenarios.flatMap((result) => result.contenders.map((runs) => downloadRow(result, runs))),
  ]);
}

function downloadRow({ scenario, files, bytes, contenders }: ScenarioResult, runs: Runs): string[] {
  const { wallSeconds, cpuSeconds, peakBytes } = medianUsage(runs);
  const limit = contenders.find(({ contender }) => contender === "unverified");
  return [
    scenario,
    runs.contender,
    `${wallSeconds.toFixed(1)} s`,
    rate(bytes / mebibyte / wallSeconds),
    rate(files / wallSeconds),
    `${cpuSeconds.toFixed(1)} s`,
    `${megabytes(peakBytes)} MB`,
    limit === undefined || limit === runs ? "" : ratios(runs, limit),
  ];
}

const ratios = (one: Runs, other: Runs): string =>
  `${speedRatio(one, other, "wallSeconds").toFixed(2)} (${speedRatio(one, other, "cpuSeconds").toFixed(2)})`;

const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 10 ? 1 : 0);

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

function lineTable({ lines }: BenchResults): string {
  return table([
    ["lines of", "verifier", "table alone", "JSON.parse"],
    ...lines.map(({ type, ...speeds }) => [
      type,
      ...[speeds.verifier, speeds.table, speeds.jsonParse].map((speed) => `${speed.toFixed(0)} MiB/s`),
    ]),
  ]);
}

/** A bound that issue 13 set, and whether a figure keeps it. */
interface Target {
  text: string;
  figure: string;
  holds: boolean;
}

function targetList(scenarios: readonly ScenarioResult[]): string {
  return targetsOf(scenarios)
    .map(({ text, figure, holds }) => `- ${holds ? "Holds" : "Does not hold"}: ${text}. Measured: ${figure}.`)
    .join("\n");
}

/** Ratios count for the first scenario, which is about bytes. The bound of the memory counts for all. */
function targetsOf(scenarios: readonly ScenarioResult[]): Target[] {
  const [first] = scenarios;
  const runsOf = (name: Runs["contender"], result = first): Runs | undefined =>
    result?.contenders.find(({ contender }) => contender === name);
  const bounds = [
    { least: 0.7, than: "unverified", what: "the same path unverified" },
    { least: 1.1, than: "bulk_fhir_fetch", what: "bulk_fhir_fetch" },
    { least: 1.3, than: "smart-fetch", what: "smart-fetch" },
  ] as const;
  const ours = runsOf("integra-bridge");
  const ratioTargets = bounds.flatMap(({ least, than, what }) => {
    const other = runsOf(than);
    return ours === undefined || other === undefined
      ? []
      : [atLeast(least, `${what}, with ${first?.scenario}`, ours, other)];
  });
  const peaks = scenarios.map((result) => {
    const runs = runsOf("integra-bridge", result)?.runs ?? [];
    return { name: result.scenario, peak: Math.max(...runs.map(({ peakBytes }) => peakBytes)) };
  });
  return [
    ...ratioTargets,
    {
      text: "less than 240 MB of memory in each run",
      figure: peaks.map(({ name, peak }) => `${megabytes(peak)} MB (${name})`).join(", "),
      holds: peaks.every(({ peak }) => peak < 240e6),
    },
  ];
}

function atLeast(bound: number, what: string, ours: Runs, other: Runs): Target {
  return {
    text: `at least ${bound.toFixed(1)} times as fast by the clock as ${what}`,
    figure: `${ratios(ours, other)}, the second one by CPU time`,
    holds: speedRatio(ours, other, "wallSeconds") >= bound,
  };
}

function table(rows: readonly string[][]): string {
  const [head = [], ...body] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  return [head, `|${" --- |".repeat(rows[0]?.length ?? 0)}`, ...body].join("\n");
}
