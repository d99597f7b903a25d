import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { functionCode, functionNames } from "#infra/function-bundles.ts";
import { loadingOf, median, startCost, yardstick } from "../bench/start-cost.ts";

/** The size in KiB that no bundle may reach. */
const largestSize = 900;
/** How much smaller than its budget a bundle may be. A budget that is too large would hide what was added. */
const slack = 30;

/**
 * The size that each function's bundle may have, in KiB. If a function needs more, find out which modules came in
 * (`functionBundle(name).modules`) before you raise its budget.
 */
const budgets: Record<string, number> = {
  "adopt-result": 470,
  "announce-ccds": 460,
  "announce-completion": 490,
  "cancel-export": 720,
  "ccd-documents": 690,
  "ccd-requests": 760,
  "complete-export": 480,
  "delete-job": 680,
  "download-file": 750,
  exports: 520,
  "fail-ccds": 460,
  "fail-export": 490,
  "fetch-ccds": 820,
  "fhir-api": 740,
  health: 650,
  jwks: 310,
  "kick-off-export": 720,
  links: 710,
  "open-ccd-request": 440,
  openapi: 180,
  "plan-downloads": 710,
  "poll-export": 700,
  "request-ccds": 640,
  "resume-export": 360,
  "rotate-key": 560,
  smart: 740,
  "start-afresh": 370,
  "start-export": 360,
  "stop-export": 420,
  "sweep-ccd-requests": 490,
  "sweep-exports": 740,
  "sweep-links": 590,
  "take-lease": 720,
  "take-session-lease": 330,
  "validate-request": 480,
};

/** The CPU time of a function's start, as a multiple of what all of undici takes. */
const slowestStart = 1.5;
/** The most runs whose median decides. */
const mostRuns = 9;

test("every function has a budget, below the largest size", () => {
  expect(Object.keys(budgets).toSorted()).toEqual(functionNames());
  expect(Math.max(...Object.values(budgets))).toBeLessThan(largestSize);
});

describe.each(functionNames())("the start of %s", (name) => {
  const file = functionCode(name);

  test("its bundle fits into its budget", () => {
    const kibibytes = statSync(file).size / 1024;
    const budget = budgets[name] ?? 0;
    expect(kibibytes).toBeLessThanOrEqual(budget);
    expect(kibibytes).toBeGreaterThan(budget - slack);
  });

  test("it takes little more CPU time than the import of all of undici", () => {
    const ratios: number[] = [];
    // One run is enough if it is fast. If it is slow, the machine may be busy, and the median of more runs decides.
    do ratios.push(startCost(loadingOf(file)).cpuMs / startCost(yardstick).cpuMs);
    while (median(ratios) > slowestStart && ratios.length < mostRuns);
    expect(median(ratios)).toBeLessThanOrEqual(slowestStart);
  });
});
