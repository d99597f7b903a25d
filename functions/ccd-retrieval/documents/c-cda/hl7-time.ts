const precisions = ["year", "month", "day", "hour", "minute", "second"] as const;
export type TimePrecision = (typeof precisions)[number];

/** A point in time with the precision and the zone that the document gives. */
export interface Hl7Time {
  /**
   * ISO 8601 to the document's precision: `2012`, `2012-01-31`, `2012-01-31T10:15`, `2012-01-31T10:15:30.5-05:00`. Without a
   * zone if the document names none.
   */
  iso: string;
  /** The smallest unit that the document gives. */
  precision: TimePrecision;
  /**
   * The beginning of the minute or second that the document gives, in UTC. Undefined if it gives no zone, or no minute.
   */
  instant: string | undefined;
}

/** The longest offset of any zone: Kiribati is 14 hours ahead. */
const longestOffset = 14 * 60;

const zone = "(Z|[+-](?:\\d{1,4}|\\d\\d:\\d\\d))?";
/** `YYYY[MM[DD[HH[MM[SS[.S…]]]]]]` and a zone. ISO 8601 has a T before the time. */
const basic = new RegExp(`^(\\d{4})(\\d\\d)?(\\d\\d)?T?(\\d\\d)?(\\d\\d)?(\\d\\d)?([.,]\\d{1,9})?${zone}$`);
/** `YYYY-MM-DD[THH[:MM[:SS[.S…]]]]` and a zone. Shorter forms are HL7's: in `2012-02`, `-02` is a zone. */
const extended = new RegExp(
  `^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ](\\d\\d)(?::(\\d\\d)(?::(\\d\\d)([.,]\\d{1,9})?)?)?)?${zone}$`,
);

/**
 * Reads HL7's TS: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`, and the spellings of ISO 8601 that EHRs write in its place.
 *
 * Source: HL7 V3 Data Types Release 1, TS; its schema `datatypes-base.xsd` allows a zone of one to four digits. ISO 8601-1:2019.
 * @returns undefined if the text is not such a time, or names a day that does not exist
 */
export function readHl7Time(text: string | undefined): Hl7Time | undefined {
  const written = text?.trim() ?? "";
  const parts = basic.exec(written) ?? extended.exec(written);
  if (parts === null) return undefined;
  const [, year = "", ...rest] = parts;
  const [month, day, hour, minute, second] = rest;
  const fraction = parts[7]?.replace(",", ".");
  const given = [year, month, day, hour, minute, second].filter((part) => part !== undefined).length;
  const precision = precisions[given - 1];
  const offset = parts[8] === undefined ? undefined : offsetMinutes(parts[8]);
  if (precision === undefined || (fraction !== undefined && second === undefined)) return undefined;
  if (!exists(year, month, day, hour, minute, second) || Number.isNaN(offset)) return undefined;
  const date = [year, month, day].filter((part) => part !== undefined).join("-");
  if (hour === undefined) return { iso: date, precision, instant: undefined };
  const time = [hour, minute, second].filter((part) => part !== undefined).join(":") + (fraction ?? "");
  const instant = minute === undefined || offset === undefined ? undefined : toUtc(date, time, offset);
  return { iso: `${date}T${time}${offset === undefined ? "" : formatOffset(offset)}`, precision, instant };
}

/** Minutes east of UTC, from `Z`, `±H`, `±HH`, `±HMM`, `±HHMM` or `±HH:MM`; NaN if no zone has such an offset. */
function offsetMinutes(text: string): number {
  if (text === "Z") return 0;
  const digits = text.slice(1).replace(":", "");
  const [hours, minutes] = digits.length <= 2 ? [digits, "0"] : [digits.slice(0, -2), digits.slice(-2)];
  const total = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || total > longestOffset) return Number.NaN;
  return text.startsWith("-") ? -total : total;
}

function exists(year: string, month = "01", day = "01", hour = "00", minute = "00", second = "00"): boolean {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const sameDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return sameDay && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}

const two = (value: number): string => String(value).padStart(2, "0");

function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function toUtc(date: string, time: string, offset: number): string {
  const local = Date.parse(`${date}T${time}Z`);
  return new Date(local - offset * 60_000).toISOString();
}
