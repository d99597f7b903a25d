import type { ReportWarning } from "./reading-warnings.ts";
import { readWrittenTime } from "./server-instant.ts";

/** A hundred years: longer than any deadline, and small enough to calculate with. */
const longestDelayMs = 100 * 365 * 86_400_000;
const longestHeader = 512;

/** By the names of the unit. `m` is missing on purpose: it may mean minutes, months or thousandths. */
const unitMs = new Map(
  [
    { ms: 1, names: ["ms", "millisecond", "milliseconds"] },
    { ms: 1000, names: ["", "s", "sec", "secs", "second", "seconds"] },
    { ms: 60_000, names: ["min", "mins", "minute", "minutes"] },
    { ms: 3_600_000, names: ["h", "hr", "hrs", "hour", "hours"] },
  ].flatMap(({ ms, names }) => names.map((name) => [name, ms] as const)),
);

/**
 * The delay that a Retry-After header asks for, in milliseconds from `now`. Both forms of the standard count, delay-seconds and
 * HTTP-date in each of its three spellings, and so does what else it plainly means: seconds with a fraction, with a unit, in
 * quotes, as a duration of ISO 8601 (`PT2M`), a date as ISO 8601 has it (in UTC if it names no zone, as HTTP dates are). Of several values the longest counts.
 * The delay is never shorter than what is asked for, up to a hundred years.
 *
 * Source: RFC 9110, 10.2.3.
 * @returns undefined if the header is absent or cannot be read (reported); 0 for a moment that has passed
 */
export function readRetryAfter(
  header: string | string[] | undefined,
  now: number,
  warn?: ReportWarning,
): number | undefined {
  const text = (Array.isArray(header) ? header.join(",") : (header ?? "")).trim();
  if (text === "") return undefined;
  const delays = text.length > longestHeader ? [undefined] : valuesOf(text).map((value) => delayOf(value, now));
  const known = delays.filter((delay) => delay !== undefined);
  if (known.length === 0 || known.length < delays.length) {
    warn?.("RETRY_AFTER_UNREADABLE");
    return undefined;
  }
  return Math.min(Math.max(...known), longestDelayMs);
}

/** The values of the header, repeated as a list. A date has a comma of its own, behind its day of the week. */
function valuesOf(text: string): string[] {
  return text
    .split(/(?<!\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}),/i)
    .map((value) =>
      value
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .trim(),
    )
    .filter((value) => value !== "");
}

function delayOf(value: string, now: number): number | undefined {
  const [, number = "", unit = ""] = /^\+?(\d+(?:\.\d*)?)\s*([a-z]*)\.?$/i.exec(value) ?? [];
  const isMoment = unit === "" && /^(?:\d{10}|\d{13})(?:\.|$)/.test(number);
  if (number !== "" && !isMoment) return durationOf(Number(number), unit.toLowerCase());
  const written = isoDuration.exec(value);
  if (written !== null) return sumOf(written.slice(1));
  const time = momentOf(value);
  return time === undefined ? undefined : Math.max(0, time - now);
}

function durationOf(number: number, unit: string): number | undefined {
  const factor = unitMs.get(unit);
  return factor === undefined ? undefined : Math.ceil(number * factor);
}

/** Hours, minutes and seconds of an ISO 8601 duration, each of which may be absent, but not all. */
const isoDuration = /^PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/i;

function sumOf([hours = "0", minutes = "0", seconds = "0"]: (string | undefined)[]): number {
  return Math.ceil((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

/** A date without a zone is in UTC, as HTTP dates are, and a day begins with its midnight. */
function momentOf(value: string): number | undefined {
  const time = readWrittenTime(value);
  if (time === undefined || (time.hasZone && time.offsetMs === undefined)) return undefined;
  const { earliest, latest } = time.inUtc;
  return (latest - earliest <= 1 ? latest : earliest) - (time.offsetMs ?? 0);
}
