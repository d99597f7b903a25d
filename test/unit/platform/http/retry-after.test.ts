import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterMs } from "#platform/http/retry-after.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const longDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const two = (value: number): string => String(value).padStart(2, "0");

function spellings(time: number): string[] {
  const date = new Date(time);
  const [, day = "", month = "", year = "", clock = ""] =
    /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(date.toUTCString()) ?? [];
  return [
    date.toUTCString(),
    `${longDays[date.getUTCDay()]}, ${day}-${month}-${two(Number(year) % 100)} ${clock} GMT`,
    `${days[date.getUTCDay()]} ${month} ${String(Number(day)).padStart(2, " ")} ${clock} ${year}`,
  ];
}

describe("Retry-After", () => {
  it("is never negative, whatever the header says", () => {
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.constantFrom(...days).chain((day) => fc.string().map((rest) => `${day}${rest}`)),
    );
    fc.assert(
      fc.property(text, (header) => {
        const delay = retryAfterMs(header, now);
        expect(delay === undefined || delay >= 0).toBe(true);
      }),
    );
  });

  it("as seconds is that many seconds", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), (seconds) => {
        expect(retryAfterMs(` ${seconds} `, now)).toBe(seconds * 1000);
      }),
    );
  });

  it("as an HTTP date counts from now in each of the three spellings", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 365 * 86_400 }), (seconds) => {
        for (const header of spellings(now + seconds * 1000)) expect(retryAfterMs(header, now)).toBe(seconds * 1000);
      }),
    );
  });

  it("in the past means at once", () => {
    for (const header of spellings(Date.parse("1994-11-06T08:49:37Z"))) expect(retryAfterMs(header, now)).toBe(0);
  });

  it("takes the first of several headers", () => {
    expect(retryAfterMs(["7", "9"], now)).toBe(7000);
  });

  it.each([undefined, "", "  ", "-5", "1.5", "soon", "2026-03-01T12:00:00Z", "Mon", "Sunflower"])(
    "%j is as good as none",
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );

  it.each(["Sunrise 2099", "Monday is 12", "Sun 5", "Fridays, 99999"])(
    "%j begins like a date but is none",
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );
});
