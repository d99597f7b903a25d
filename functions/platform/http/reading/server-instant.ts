import { readHttpDate, utcTime } from "./http-date.ts";
import type { ReportWarning } from "./reading-warnings.ts";

/** A moment as a server wrote it, and the span of moments that it can mean, in milliseconds since the epoch. */
export interface ServerInstant {
  /** The text, or the number as a text; at most 64 characters, and nothing but a time. */
  asReceived: string;
  /** The earliest moment that it can mean: without a zone, the one in the zone that is furthest ahead (UTC+14). */
  earliest: number;
  /** The latest moment that it can mean, up to the last millisecond of its day or minute: without a zone, the one in UTC-12. */
  latest: number;
}

type Span = Pick<ServerInstant, "earliest" | "latest">;

const hourMs = 3_600_000;
const furthestAhead = 14 * hourMs;
const furthestBehind = 12 * hourMs;
const longestText = 64;
/** Later moments cannot be written as a FHIR instant. */
const endOfYear9999 = Date.UTC(10_000, 0, 1);

/**
 * Reads a moment as servers write it: a FHIR instant; ISO 8601 in its extended and basic forms, with a `T` or blanks before the
 * time, with or without seconds and a zone; only a date or a month; an HTTP date; seconds or milliseconds since the
 * epoch (10 or 13 digits). Moments before 1970 and after 9999 are none: software writes the year 1 if there is no time.
 *
 * A time whose zone is missing or unknown is reported: it means a span of 26 hours.
 *
 * Source: FHIR R4, datatypes, `instant` and `dateTime`; ISO 8601.
 * @returns undefined if it is unsaid, or cannot be read (reported)
 */
export function readServerInstant(value: unknown, warn?: ReportWarning): ServerInstant | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  const written = readWrittenTime(text);
  const span = written && spanOf(written);
  if (span === undefined || span.latest < 0 || span.latest >= endOfYear9999) {
    warn?.("TIME_UNREADABLE");
    return undefined;
  }
  if (written?.offsetMs === undefined) warn?.("TIME_WITHOUT_ZONE");
  return { asReceived: text, ...span };
}

/** A time as it is written, before its zone is taken into account. */
interface WrittenTime {
  /** What it would mean in UTC. */
  inUtc: Span;
  /** How far its zone is ahead of UTC; undefined if the zone is missing or unknown. */
  offsetMs: number | undefined;
  hasZone: boolean;
}

function spanOf({ inUtc, offsetMs }: WrittenTime): Span {
  const [first, last] = offsetMs === undefined ? [furthestAhead, -furthestBehind] : [offsetMs, offsetMs];
  return { earliest: inUtc.earliest - first, latest: inUtc.latest - last };
}

/** Reads any of the forms; undefined if the text is none of them. */
export function readWrittenTime(text: string): WrittenTime | undefined {
  if (text.length > longestText) return undefined;
  const exact = readHttpDate(text) ?? readEpoch(text);
  if (exact === undefined) return readIso(text);
  return { inUtc: { earliest: Math.floor(exact), latest: Math.ceil(exact) }, offsetMs: 0, hasZone: true };
}

function readEpoch(text: string): number | undefined {
  const [, digits = "", fraction = ""] = /^(\d{10}|\d{13})(\.\d{1,9})?$/.exec(text) ?? [];
  if (digits === "") return undefined;
  return Number(`${digits}${fraction}`) * (digits.length === 10 ? 1000 : 1);
}

/** A date, perhaps with a time, perhaps with a zone, perhaps with a region's name in brackets, as Java prints it. */
const isoPattern = new RegExp(
  [
    String.raw`^(?<year>\d{4})(?:-(?<month>\d{2})(?:-(?<day>\d{2}))?|(?<basicMonth>\d{2})(?<basicDay>\d{2}))`,
    String.raw`(?:(?:T|\s+|(?<=^\d{8}))(?<hour>\d{2}):?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d{1,18}))?)?`,
    String.raw`(?:\s*(?<zone>Z|[A-Z]{3,5}|[+-]\d{2}(?::?\d{2})?))?(?:\[[\w/+-]+\])?)?$`,
  ].join(""),
  "i",
);

type Groups = Record<string, string | undefined>;

function readIso(text: string): WrittenTime | undefined {
  const groups: Groups | undefined = isoPattern.exec(text)?.groups;
  const inUtc = groups && isoSpan(groups);
  if (inUtc === undefined) return undefined;
  const zone = groups?.["zone"];
  return { inUtc, offsetMs: offsetOf(zone), hasZone: zone !== undefined };
}

/** What a date or time would mean in UTC, by its precision. */
function isoSpan({ basicMonth, basicDay, ...groups }: Groups): Span | undefined {
  const { month = basicMonth, day = basicDay, hour, second, fraction = "0" } = groups;
  const [yearNumber, monthNumber] = [Number(groups["year"]), Number(month)];
  if (day === undefined && hour !== undefined) return undefined;
  const time = [hour, groups["minute"], second].map((text) => Number(text ?? 0)) as [number, number, number];
  const start = utcTime(yearNumber, monthNumber, Number(day ?? 1), ...time);
  if (start === undefined) return undefined;
  if (day === undefined) return { earliest: start, latest: Date.UTC(yearNumber, monthNumber, 1) - 1 };
  if (hour === undefined) return { earliest: start, latest: start + 24 * hourMs - 1 };
  if (second === undefined) return { earliest: start, latest: start + 59_999 };
  const fractionMs = Number(`0.${fraction}`) * 1000;
  return { earliest: start + Math.floor(fractionMs), latest: start + Math.ceil(fractionMs) };
}

/** A zone's offset in milliseconds; undefined if there is no zone, or a name that may stand for several. */
function offsetOf(zone: string | undefined): number | undefined {
  if (zone !== undefined && /^(?:Z|UTC|GMT)$/i.test(zone)) return 0;
  const [, sign, hours, minutes = "00"] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? "") ?? [];
  if (hours === undefined || Number(minutes) > 59) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  if (offset > furthestAhead) return undefined;
  return sign === "-" ? -offset : offset;
}
