import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pollJob, scheduleOf020, scheduleOfToday } from "#cli/performance/poll-schedule.ts";
import { lossOf } from "#cli/performance/waiting-table.ts";

describe("what the poll schedule loses", () => {
  test("is never more than a tenth of the job's time, a second or five minutes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 14 * 86_400 }), (jobSeconds) => {
        const { lostSeconds } = pollJob(jobSeconds);
        expect(lostSeconds).toBeGreaterThanOrEqual(0);
        expect(lostSeconds).toBeLessThan(Math.max(1, Math.min(jobSeconds / 10, 300)));
      }),
    );
  });

  test.each([
    [120, 6, 12],
    [600, 28, 60],
  ])("of a job of %d s is at most %d s at the median and %d s at worst", (jobSeconds, median, worst) => {
    const today = lossOf(jobSeconds, scheduleOfToday);
    expect(today.median).toBeLessThanOrEqual(median);
    expect(today.worst).toBeLessThanOrEqual(worst);
    expect(lossOf(jobSeconds, scheduleOf020).worst).toBeGreaterThan(3 * worst);
  });

  test("takes 353 polls for a job of 24 hours", () => {
    expect(pollJob(86_400).polls).toBe(353);
  });
});
