import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  elapsedOf,
  mayRetry,
  nextTry,
  pollIntervalMs,
  retryIntervalMs,
  triedAt,
  turnIntervalMs,
} from "#platform/pacing/pacing.ts";

const retryAfter = fc.option(
  fc.oneof(fc.nat({ max: 86_400_000 }), fc.constantFrom(0, 1, 999, Number.POSITIVE_INFINITY)),
  {
    nil: undefined,
  },
);
const day = 86_400_000;
const noon = Date.parse("2026-03-01T12:00:00Z");

describe("the wait before the next status request", () => {
  it("a poll interval is never shorter than the server's Retry-After or one second", () => {
    fc.assert(
      fc.property(
        retryAfter,
        fc.nat({ max: 2 * day }),
        fc.nat({ max: 2 * day }),
        (retryAfterMs, workedMs, elapsedMs) => {
          const wait = pollIntervalMs({ retryAfterMs, workedMs, elapsedMs, allowedMs: day });
          expect(wait).toBeGreaterThanOrEqual(Math.max(retryAfterMs ?? 0, 1_000));
        },
      ),
    );
  });

  it("a poll interval without a Retry-After is a tenth of the time since the kick-off at most, however long the export waited before", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5 * day }), fc.nat({ max: 14 * day }), (workedMs, beforeMs) => {
        const elapsed = { elapsedMs: Math.max(workedMs, 0) + beforeMs, allowedMs: day };
        const wait = pollIntervalMs({ retryAfterMs: undefined, workedMs, ...elapsed });
        expect(wait).toBeLessThanOrEqual(Math.max(1_000, Math.min(workedMs / 10, 300_000)));
        expect(nextTry(noon, wait).waitSeconds * 1000).toBe(wait);
      }),
      { examples: [[0, 0]] },
    );
  });

  it("a poll interval without a Retry-After grows from a second to five minutes", () => {
    const at = (workedMs: number) =>
      pollIntervalMs({ retryAfterMs: undefined, workedMs, elapsedMs: workedMs, allowedMs: day });
    const waits = Array.from({ length: 2_000 }, (_, n) => at(n * 5_000));
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect([at(0), at(19_999), at(20_000), at(600_000), at(day)]).toEqual([1_000, 1_000, 2_000, 60_000, 300_000]);
  });

  it("a poll interval without a Retry-After is longer than five minutes only if the deadline is more than 75 hours away", () => {
    const late = (days: number) =>
      pollIntervalMs({ retryAfterMs: undefined, workedMs: days * day, elapsedMs: days * day, allowedMs: days * day });
    expect([1, 75 / 24].map(late)).toEqual([300_000, 300_000]);
    expect(late(14)).toBe((14 * day) / 900);
  });

  it("an export is polled fewer than 1,700 times until its deadline, however short the server's Retry-After is", () => {
    const small = fc.array(fc.option(fc.nat({ max: 3_000 }), { nil: undefined }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(small, fc.constantFrom(1, 7, 14), (sequence, days) => {
        const allowedMs = days * day;
        let now = 0;
        let polls = 0;
        while (now < allowedMs) {
          polls += 1;
          const retryAfterMs = sequence[polls % sequence.length];
          const wait = pollIntervalMs({ retryAfterMs, workedMs: now, elapsedMs: now, allowedMs });
          now += nextTry(now, wait).waitSeconds * 1000;
        }
        expect(polls).toBeLessThan(1_700);
      }),
      {
        examples: [
          [[0], 1],
          [[undefined], 14],
          [[undefined, 0], 14],
        ],
      },
    );
  });

  it("the time of an attempt is read from its next try, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.nat({ max: day }), (now, waitMs) => {
        const at = triedAt(nextTry(now, waitMs));
        expect(at).toBeGreaterThanOrEqual(now);
        expect(at - now).toBeLessThan(1_000);
      }),
    );
  });
});

describe("the wait for a lease", () => {
  it("the wait for a lease grows from two seconds to a minute", () => {
    const waits = Array.from({ length: 60 }, (_, n) => turnIntervalMs(n + 1, { elapsedMs: 0, allowedMs: day }));
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect([waits[0], waits.at(-1)]).toEqual([2_000, 60_000]);
  });

  it("waits for a lease and the polls after them are bounded in number, whenever the lease becomes free", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
        let now = 0;
        let questions = 0;
        for (let looks = 1; now < share * day; looks += 1, questions += 1) {
          now += nextTry(now, turnIntervalMs(looks, { elapsedMs: now, allowedMs: day })).waitSeconds * 1000;
        }
        for (; now < day; questions += 1) {
          const wait = Math.min(
            ...[0, undefined].map((retryAfterMs) =>
              pollIntervalMs({ retryAfterMs, workedMs: now - share * day, elapsedMs: now, allowedMs: day }),
            ),
          );
          now += nextTry(now, wait).waitSeconds * 1000;
        }
        expect(questions).toBeLessThan(1_700);
      }),
      { examples: [[0], [1], [0.001]] },
    );
  });

  it.each([day / 24, day])(
    "waits for a lease that are kept short are bounded in number as well (%i ms)",
    (allowedMs) => {
      let now = 0;
      let looks = 0;
      const waits: number[] = [];
      while (now < allowedMs) {
        looks += 1;
        const { waitSeconds } = nextTry(now, turnIntervalMs(looks, { elapsedMs: now, allowedMs }, 5_000));
        waits.push(waitSeconds);
        now += waitSeconds * 1000;
      }
      // Of eight events each, in a history that takes 25,000.
      expect(looks).toBeLessThan(1_700);
      expect(Math.max(...waits.slice(0, 40))).toBe(5);
    },
  );

  it("the time of an execution is counted from its start to its deadline", () => {
    const context = { startedAt: "2026-03-01T12:00:00Z", deadlineAt: Date.parse("2026-03-02T12:00:00Z") / 1000 };
    expect(elapsedOf(context, Date.parse("2026-03-01T13:00:00Z"))).toEqual({ elapsedMs: 3_600_000, allowedMs: day });
  });
});

const last = (unexplained: boolean): number =>
  Array.from({ length: 50 }, (_, n) => n + 1).findIndex((troubles) => !mayRetry(troubles, { unexplained })) + 1;

describe("the wait after a failed attempt", () => {
  it("the wait after a failed attempt is never shorter than the server's Retry-After or one second, and grows", () => {
    fc.assert(
      fc.property(retryAfter, fc.integer({ min: 1, max: 100 }), (retryAfterMs, troubles) => {
        const wait = retryIntervalMs(troubles, retryAfterMs);
        expect(wait).toBeGreaterThanOrEqual(Math.max(retryAfterMs ?? 0, 1_000));
        expect(retryIntervalMs(troubles + 1, retryAfterMs)).toBeGreaterThanOrEqual(wait);
      }),
    );
    expect(retryIntervalMs(1, undefined)).toBe(2_000);
    expect(retryIntervalMs(1_000, undefined)).toBe(300_000);
  });

  it("attempts end after 20 failures in a row, and after 5 that explain nothing", () => {
    expect(last(false)).toBe(20);
    expect(last(true)).toBe(5);
  });
});

describe("the next attempt", () => {
  it("the next attempt is due after whole seconds, never earlier than requested, and never at once", () => {
    const wait = fc.oneof(
      fc.double({ min: -1e6, max: 1e12, noNaN: true }),
      fc.constantFrom(0, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), wait, (now, waitMs) => {
        const { waitSeconds, nextAt } = nextTry(now, waitMs);
        expect(Number.isSafeInteger(waitSeconds) && Number.isSafeInteger(nextAt)).toBe(true);
        expect(waitSeconds).toBeGreaterThanOrEqual(1);
        expect(waitSeconds).toBeLessThanOrEqual(99_999_999);
        expect(waitSeconds * 1000).toBeGreaterThanOrEqual(Math.min(waitMs, 99_999_999_000));
        expect(waitSeconds).toBeLessThan(Math.max(waitMs, 1_000) / 1000 + 1);
        expect(nextAt * 1000).toBeGreaterThanOrEqual(now + waitSeconds * 1000);
        expect(nextAt * 1000).toBeLessThan(now + waitSeconds * 1000 + 1_000);
      }),
    );
  });
});
