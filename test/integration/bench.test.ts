import { expect, it } from "vitest";
import { runBench } from "#test/bench/bench.ts";

it("the bench measures downloads of whole files, with and without the verifier (npm run bench: real sizes, and smart-fetch)", async () => {
  const reports: string[] = [];
  const { scenarios, lines } = await runBench(
    { quick: true, large: false, peers: false, rounds: 1 },
    (line) => reports.push(line),
    new AbortController().signal,
  );
  expect(reports).toHaveLength(4);
  expect(scenarios.map(({ scenario }) => scenario)).toEqual(["3 files of 20 MiB", "20 files of 2 kB"]);
  for (const { bytes, contenders } of scenarios) {
    expect(bytes).toBeGreaterThan(20 * 2_000);
    expect(contenders.map(({ contender }) => contender)).toEqual(["unverified", "integra-bridge"]);
    for (const { wallSeconds, cpuSeconds, peakBytes } of contenders.flatMap(({ runs }) => runs)) {
      expect(wallSeconds).toBeGreaterThan(0);
      expect(cpuSeconds).toBeGreaterThan(0);
      // A Node process has more than 20 MB. In another unit it would have less, or more than the machine.
      expect(peakBytes).toBeGreaterThan(20e6);
      expect(peakBytes).toBeLessThan(2e9);
    }
  }
  expect(lines.map(({ type }) => type).toSorted()).toEqual(["Condition", "DiagnosticReport", "Observation", "Patient"]);
  for (const { verifier, jsonParse } of lines) expect(verifier).toBeGreaterThan(jsonParse);
}, 240_000);
