import { describe, expect, test } from "vitest";
import { costReport } from "#cli/cost/cost-report.ts";
import { dollarsOf, type ExportSize, unitsOf } from "#cli/cost/export-cost.ts";
import { prices, storagePrice } from "#cli/cost/prices.ts";
import { readStageSettings } from "#infra/settings.ts";

const large: ExportSize = { files: 10_000, gib: 100, hours: 2, filesPerItem: 1, fixedEgress: false };
const settingsOf = (overrides: object = {}) => readStageSettings("stage", { stage: {} }, overrides);

describe("the cost of an export", () => {
  test("grows by four state transitions for each child execution, so several files to a child cost less", () => {
    const single = unitsOf(large);
    const several = unitsOf({ ...large, filesPerItem: 25 });
    expect(single.stateTransitions - several.stateTransitions).toBe(4 * (10_000 - 400));
    expect(dollarsOf(single).total).toBeCloseTo(1.34, 1);
    expect(dollarsOf(several).total).toBeLessThan(0.5);
  });

  test("grows by the polls of a longer job", () => {
    const [short, long] = [unitsOf({ ...large, hours: 1 }), unitsOf({ ...large, hours: 24 })];
    expect(long.stateTransitions - short.stateTransitions).toBe(3 * (353 - 77));
  });

  test("counts each part of a large file", () => {
    // With one file to an item, each file has a batch of its own in both exports.
    const alone = { ...large, filesPerItem: 1 };
    const [small, parts] = [unitsOf(alone), unitsOf({ ...alone, gib: 400 })];
    // 40.96 MiB a file: a part of 16 MiB, four of 8 MiB at most, and two requests to begin and to complete its upload.
    expect(parts.s3Writes - small.s3Writes).toBe(10_000 * 6);
  });

  test("counts what passes a NAT gateway only with fixed egress", () => {
    expect(unitsOf(large).natGib).toBe(0);
    expect(unitsOf({ ...large, fixedEgress: true }).natGib).toBe(100);
    expect(costReport(large, settingsOf({ fixedEgress: true }))).toContain("through NAT");
    expect(costReport(large, settingsOf())).not.toContain("through NAT");
  });

  test("is the sum of its units by their prices", () => {
    const one = Object.fromEntries(Object.keys(prices).map((name) => [name, 1])) as ReturnType<typeof unitsOf>;
    const { each, total } = dollarsOf(one);
    expect(each.stateTransitions).toBe(0.000025);
    expect(total).toBeCloseTo(
      Object.values(prices).reduce((sum, { dollars }) => sum + dollars, 0),
      10,
    );
  });

  test("every price names its page of AWS", () => {
    for (const { dollars, source } of [...Object.values(prices), storagePrice]) {
      expect(dollars).toBeGreaterThan(0);
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/[\w-]+\/pricing\/$/);
    }
  });
});

describe("the report of npm run cost", () => {
  test("shows each unit with its price, the sum, and the storage by the stage's retention", () => {
    const report = costReport(large, settingsOf({ retention: { exportDays: 60 } }));
    expect(report).toMatch(/^state transitions +40,285 +\$1\.01$/m);
    expect(report).toMatch(/^in all +\$1\.\d\d$/m);
    expect(report).toContain("$2.30 a month in S3, $4.60 in the 60 days of retention.exportDays");
    expect(costReport(large, settingsOf())).toContain("retention.exportDays is not set");
  });

  test("refuses a job that would miss the stage's deadline", () => {
    const size = { ...large, hours: 25 };
    expect(() => costReport(size, settingsOf())).toThrow("export.deadlineHours is 24");
    expect(costReport(size, settingsOf({ export: { deadlineHours: 48 } }))).toContain("25 h");
  });
});
