import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { functionBundle, functionNames } from "#infra/function-bundles.ts";
import { median, startCost, yardstick } from "../bench/start-cost.ts";

/** The size in KiB that no bundle may reach. */
const largestSize = 900;
/** How much smaller than its budget a bundle may be. A budget that is too large would hide what was added. */
const slack = 60;

/**
 * The size that each function's bundle may have, in KiB. If a function needs more, find out which modules came in
 * (`functionBundle(name).modules`) before you raise its budget.
 */
const budgets: Record<string, number> = {
  "adopt-result": 520,
  "announce-ccds": 520,
  "announce-completion": 540,
  "cancel-export": 800,
  "ccd-documents": 770,
  "ccd-requests": 850,
  "complete-export": 530,
  "delete-job": 770,
  "download-file": 820,
  exports: 600,
  "fail-ccds": 520,
  "fail-export": 540,
  "fetch-ccds": 899,
  "fhir-api": 830,
  health: 770,
  jwks: 320,
  "kick-off-export": 800,
  links: 800,
  "open-ccd-request": 500,
  openapi: 170,
  "plan-downloads": 790,
  "poll-export": 780,
  "request-ccds": 670,
  "resume-export": 380,
  "rotate-key": 580,
  smart: 830,
  "start-afresh": 370,
  "start-export": 370,
  "stop-export": 490,
  "sweep-ccd-requests": 550,
  "sweep-exports": 820,
  "sweep-links": 620,
  "take-lease": 800,
  "take-session-lease": 350,
  "validate-request": 530,
};

/** The CPU time of a function's start, as a multiple of what all of undici takes. */
const slowestStart = 1.6;

test("every function has a budget, below the largest size", () => {
  expect(Object.keys(budgets).toSorted()).toEqual(functionNames());
  expect(Math.max(...Object.values(budgets))).toBeLessThan(largestSize);
});

describe.each(functionNames())("the start of %s", (name) => {
  const file = join(functionBundle(name).folder, "index.mjs");

  test("its bundle fits into its budget", () => {
    const kibibytes = statSync(file).size / 1024;
    const budget = budgets[name] ?? 0;
    expect(kibibytes).toBeLessThanOrEqual(budget);
    expect(kibibytes).toBeGreaterThan(budget - slack);
  });

  test("its import takes little more CPU time than that of all of undici", () => {
    const ratios: number[] = [];
    // One run is enough if it is fast. If it is slow, the machine may be busy, and the median of five decides.
    do ratios.push(startCost(file).cpuMs / startCost(yardstick).cpuMs);
    while (median(ratios) > slowestStart && ratios.length < 5);
    expect(median(ratios)).toBeLessThanOrEqual(slowestStart);
  });
});
