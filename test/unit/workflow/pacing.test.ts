import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextTry, pollIntervalMs, troubleIntervalMs, worthAnotherTry } from "#functions/workflow/pacing.ts";

const retryAfter = fc.option(
  fc.oneof(fc.nat({ max: 86_400_000 }), fc.constantFrom(0, 1, 999, Number.POSITIVE_INFINITY)),
  {
    nil: undefined,
  },
);
const day = 86_400_000;

describe("the wait before the next status request", () => {
  it("never undercuts the server's Retry-After, nor one second", () => {
    fc.assert(
      fc.property(
        retryAfter,
        fc.integer({ min: 1, max: 5_000 }),
        fc.nat({ max: 2 * day }),
        (retryAfterMs, polls, elapsedMs) => {
          const wait = pollIntervalMs({ retryAfterMs, polls, elapsedMs });
          expect(wait).toBeGreaterThanOrEqual(Math.max(retryAfterMs ?? 0, 1_000));
        },
      ),
    );
  });

  it("without a Retry-After grows, and not beyond five minutes", () => {
    const waits = Array.from({ length: 60 }, (_, polls) =>
      pollIntervalMs({ retryAfterMs: undefined, polls, elapsedMs: 0 }),
    );
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits[0]).toBeLessThanOrEqual(5_000);
    expect(waits.at(-1)).toBe(300_000);
  });

  it("lets an export of 24 hours take fewer than 1,700 polls, whatever small Retry-After the server sends", () => {
    const small = fc.array(fc.option(fc.nat({ max: 3_000 }), { nil: undefined }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(small, (sequence) => {
        let now = 0;
        let polls = 0;
        while (now < day) {
          polls += 1;
          const wait = pollIntervalMs({ retryAfterMs: sequence[polls % sequence.length], polls, elapsedMs: now });
          now += nextTry(now, wait).waitSeconds * 1000;
        }
        expect(polls).toBeLessThan(1_700);
      }),
      { examples: [[[0]], [[undefined, 0]]] },
    );
  });

  it("is at most five minutes where the server asks for nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat({ max: 10 * day }), (polls, elapsedMs) => {
        expect(pollIntervalMs({ retryAfterMs: undefined, polls, elapsedMs })).toBeLessThanOrEqual(300_000);
      }),
    );
  });
});

const last = (unexplained: boolean): number =>
  Array.from({ length: 50 }, (_, n) => n + 1).findIndex((troubles) => !worthAnotherTry(troubles, { unexplained })) + 1;

describe("the wait after an answer that told nothing", () => {
  it("never undercuts the server's Retry-After, nor one second, and grows", () => {
    fc.assert(
      fc.property(retryAfter, fc.integer({ min: 1, max: 100 }), (retryAfterMs, troubles) => {
        const wait = troubleIntervalMs(troubles, retryAfterMs);
        expect(wait).toBeGreaterThanOrEqual(Math.max(retryAfterMs ?? 0, 1_000));
        expect(troubleIntervalMs(troubles + 1, retryAfterMs)).toBeGreaterThanOrEqual(wait);
      }),
    );
    expect(troubleIntervalMs(1, undefined)).toBe(2_000);
    expect(troubleIntervalMs(1_000, undefined)).toBe(300_000);
  });

  it("ends after 20 in a row, and after 5 that explain nothing", () => {
    expect(last(false)).toBe(20);
    expect(last(true)).toBe(5);
  });
});

describe("the next try", () => {
  it("is a whole number of seconds, never earlier than asked for, never below one", () => {
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
