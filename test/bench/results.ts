/** What one process took, as the operating system counted it. */
export interface Usage {
  wallSeconds: number;
  /** User and system time of all threads. */
  cpuSeconds: number;
  /** The highest resident set size. */
  peakBytes: number;
}

export type ContenderName = "unverified" | "integra-bridge" | "smart-fetch" | "bulk_fhir_fetch";

/** The runs of one contender, one in each round. */
export interface Runs {
  contender: ContenderName;
  runs: Usage[];
}

/** The runs of all contenders with the same files. Run n of each took place in round n, one after another. */
export interface ScenarioResult {
  scenario: string;
  files: number;
  bytes: number;
  contenders: Runs[];
}

/** How fast lines are checked in memory, in MiB per second of CPU time. */
export interface LineSpeeds {
  type: string;
  /** Both passes and the check of UTF-8. */
  verifier: number;
  table: number;
  jsonParse: number;
}

/** What `npm run bench` writes as JSON. */
export interface BenchResults {
  date: string;
  cores: number;
  /** The load average of the minute before the first run. A machine that does nothing else has about 0. */
  load: number;
  node: string;
  scenarios: ScenarioResult[];
  lines: LineSpeeds[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError("no values have no median");
  return (low + high) / 2;
}

/** The medians of a contender's runs, each on its own. */
export function medianUsage({ runs }: Runs): Usage {
  return {
    wallSeconds: median(runs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
  };
}

/**
 * How many times as fast as `other` a contender is: the median over the rounds. The load of the machine changes less within a
 * round than between rounds.
 */
export function speedRatio(one: Runs, other: Runs, time: "wallSeconds" | "cpuSeconds"): number {
  return median(one.runs.map((run, round) => (other.runs[round]?.[time] ?? Number.NaN) / run[time]));
}
