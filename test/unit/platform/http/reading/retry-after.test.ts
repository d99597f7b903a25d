import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRetryAfter } from "#platform/http/reading/retry-after.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const longDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const two = (value: number): string => String(value).padStart(2, "0");
const century = 100 * 365 * 86_400_000;

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

function warnedOf(header: string | string[] | undefined): string[] {
  const warned: string[] = [];
  readRetryAfter(header, now, (code) => warned.push(code));
  return warned;
}

describe("the reader of Retry-After", () => {
  it("a Retry-After is never read as a negative or endless delay", () => {
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.stringMatching(/^[\d.,: a-zA-Z"T-]{0,400}$/),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constantFrom(...days).chain((day) => fc.string().map((rest) => `${day}${rest}`)),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.array(text, { maxLength: 3 })), (header) => {
        const delay = readRetryAfter(header, now);
        expect(delay === undefined || (delay >= 0 && delay <= century)).toBe(true);
      }),
    );
  });

  it("a Retry-After in seconds is read as that many seconds", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), (seconds) => {
        expect(readRetryAfter(` ${seconds} `, now)).toBe(seconds * 1000);
      }),
    );
  });

  it("a Retry-After in seconds is read in any spelling, and never as a shorter delay", () => {
    const delay = fc.oneof(
      fc.nat({ max: 1_000_000 }),
      fc.integer({ min: 1, max: 9_999 }).map((tenths) => tenths / 10),
    );
    const spelt = fc.constantFrom(
      (seconds: number) => `${seconds}`,
      (seconds: number) => `+${seconds}`,
      (seconds: number) => `"${seconds}"`,
      (seconds: number) => `${seconds} seconds`,
      (seconds: number) => `${seconds}s`,
      (seconds: number) => `${seconds} sec.`,
      (seconds: number) => `${seconds}, ${seconds}`,
      (seconds: number) => `${seconds},`,
      (seconds: number) => `${seconds * 1000} ms`,
      (seconds: number) => seconds.toFixed(3),
    );
    fc.assert(
      fc.property(delay, spelt, (seconds, spell) => {
        const read = readRetryAfter(spell(seconds), now);
        expect(read).toBeGreaterThanOrEqual(seconds * 1000);
        expect(read).toBeLessThan(seconds * 1000 + 1.001);
      }),
    );
  });

  it.each([
    ["1.5", 1_500],
    ["120.0", 120_000],
    ["120, 120", 120_000],
    ["120 seconds", 120_000],
    ["PT2M", 120_000],
    ["pt1h0m0.5s", 3_600_500],
    ["2 minutes", 120_000],
    ["1 hour", 3_600_000],
    ["2026-03-01T12:02:00Z", 120_000],
    ["2026-03-01T12:02:00.5Z", 120_500],
    ["2026-03-01T12:02:00", 120_000],
    ["2026-03-01 12:02:00", 120_000],
    ["2026-03-01T14:02:00+02:00", 120_000],
    ["2026-03-02", 12 * 3_600_000],
    ["Sun, 1 Mar 2026 12:02:00 UTC", 120_000],
    ["1772366520", 120_000],
    ["1772366520000", 120_000],
  ])("the Retry-After %j is read as %i ms", (header, delay) => {
    expect(readRetryAfter(header, now)).toBe(delay);
    expect(warnedOf(header)).toEqual([]);
  });

  it("a Retry-After with an HTTP date is read in each of its three spellings", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 365 * 86_400 }), (seconds) => {
        for (const header of spellings(now + seconds * 1000)) expect(readRetryAfter(header, now)).toBe(seconds * 1000);
      }),
    );
  });

  it("a Retry-After with an ISO date is read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 365 * 86_400_000 }), (ms) => {
        expect(readRetryAfter(new Date(now + ms).toISOString(), now)).toBe(ms);
      }),
    );
  });

  it("a Retry-After in the past is read as no delay", () => {
    const past = Date.parse("1994-11-06T08:49:37Z");
    for (const header of [...spellings(past), new Date(past).toISOString(), "1234567890"])
      expect(readRetryAfter(header, now)).toBe(0);
  });

  it("the longest of several Retry-After values counts", () => {
    expect(readRetryAfter(["7", "9"], now)).toBe(9_000);
    expect(readRetryAfter("9, 7", now)).toBe(9_000);
    const [date = ""] = spellings(now + 60_000);
    expect(readRetryAfter(`7, ${date}`, now)).toBe(60_000);
    expect(readRetryAfter([date, date], now)).toBe(60_000);
  });

  it("a Retry-After of 400 digits is bounded", () => {
    expect(readRetryAfter("9".repeat(400), now)).toBe(century);
  });

  it.each([undefined, "", "  ", []])("the Retry-After %j counts as unsaid, without a warning", (header) => {
    expect(readRetryAfter(header, now)).toBeUndefined();
    expect(warnedOf(header)).toEqual([]);
  });

  it.each(["-5", "soon", "Mon", "Sunflower", "5 m", "1e3", "120, soon", "2026-03-01T12:00:00 EST", "1".repeat(600)])(
    "the Retry-After %j counts as unsaid, with a warning",
    (header) => {
      expect(readRetryAfter(header, now)).toBeUndefined();
      expect(warnedOf(header)).toEqual(["RETRY_AFTER_UNREADABLE"]);
    },
  );

  it.each(["Sunrise 2099", "Monday is 12", "Sun 5", "Fridays, 99999"])(
    "the Retry-After %j, which only begins like a date, is not read",
    (header) => {
      expect(readRetryAfter(header, now)).toBeUndefined();
    },
  );
});
