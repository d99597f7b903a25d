import { describe, expect, it } from "vitest";
import { renderPlot } from "#test/bench/plot.ts";
import { renderResults } from "#test/bench/report.ts";
import { type BenchResults, median, type Runs, speedRatio } from "#test/bench/results.ts";

const megabyte = 1_000_000;

/** Runs of the given seconds by the clock, each with half of that as CPU time. */
const runsOf = (contender: Runs["contender"], seconds: number[], peakBytes = 200 * megabyte): Runs => ({
  contender,
  runs: seconds.map((wallSeconds) => ({ wallSeconds, cpuSeconds: wallSeconds / 2, peakBytes })),
});

const resultsOf = (...contenders: Runs[]): BenchResults => ({
  date: "2026-03-01",
  cores: 2,
  load: 0.25,
  node: "v24.0.0",
  scenarios: [{ scenario: "4 files of 200 MiB", files: 4, bytes: 800 * 1024 * 1024, contenders }],
  lines: [{ type: "Patient", verifier: 900, table: 400, jsonParse: 150 }],
});

describe("the medians", () => {
  it("of an odd and of an even number of values", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("of nothing do not exist", () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it("of the ratios compare runs of the same round, so that a loaded round does not count", () => {
    const [ours, other] = [runsOf("integra-bridge", [1, 10, 1]), runsOf("unverified", [0.8, 8, 0.8])];
    expect(speedRatio(ours, other, "wallSeconds")).toBeCloseTo(0.8);
    expect(speedRatio(ours, other, "cpuSeconds")).toBeCloseTo(0.8);
  });
});

describe("the report", () => {
  const unverified = runsOf("unverified", [1.5, 1.5, 1.5]);
  const smartFetch = runsOf("smart-fetch", [4, 4, 4]);
  const bulkFhirFetch = runsOf("bulk_fhir_fetch", [3, 3, 3]);

  it("has a row for each program, with the medians of its runs", () => {
    const report = renderResults(resultsOf(unverified, runsOf("integra-bridge", [2, 1.6, 4])));
    expect(report).toContain(
      "| 4 files of 200 MiB | integra-bridge | 2.0 s | 400 | 2.0 | 1.0 s | 200 MB | 0.75 (0.75) |",
    );
    expect(report).toContain("2 cores, load average 0.3 before the first run");
    expect(report).toContain("| Patient | 900 MiB/s | 400 MiB/s | 150 MiB/s |");
  });

  it("says which targets hold", () => {
    const report = renderResults(resultsOf(unverified, runsOf("integra-bridge", [2, 2, 2]), smartFetch, bulkFhirFetch));
    expect(report.match(/^- Holds: /gm)).toHaveLength(4);
    expect(report).not.toContain("Does not hold");
  });

  it("says which targets do not hold", () => {
    const slow = runsOf("integra-bridge", [3.5, 3.5, 3.5], 240 * megabyte);
    const report = renderResults(resultsOf(unverified, slow, smartFetch, bulkFhirFetch));
    expect(report.match(/^- Does not hold: /gm)).toHaveLength(4);
  });

  it("takes the highest peak of all runs, not the median", () => {
    const peaks = runsOf("integra-bridge", [2, 2, 2]);
    const [first, ...others] = peaks.runs;
    const high = { wallSeconds: 2, cpuSeconds: 1, ...first, peakBytes: 300 * megabyte };
    const report = renderResults(resultsOf(unverified, { ...peaks, runs: [high, ...others] }));
    expect(report).toContain(
      "- Does not hold: less than 240 MB of memory in each run. Measured: 300 MB (4 files of 200 MiB).",
    );
  });

  it("has no target against a program that did not run", () => {
    expect(renderResults(resultsOf(unverified, runsOf("integra-bridge", [2])))).not.toMatch(
      /smart-fetch|bulk_fhir_fetch/,
    );
  });
});

describe("the plot", () => {
  it("has a bar for each program. The slowest one has the longest", () => {
    const plot = renderPlot(resultsOf(runsOf("unverified", [1]), runsOf("integra-bridge", [2])));
    const bars = [...plot.matchAll(/<rect x="150" y="\d+" width="([\d.]+)"/g)].map(([, length]) => Number(length));
    expect(bars).toEqual([210, 420]);
  });
});
