const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const clock = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
const month = `(?<month>${months.join("|")})`;
const zone = String.raw`(?:GMT|UTC|UT|Z|[+-]00:?00)`;

/** IMF-fixdate, the obsolete RFC 850 form, and asctime (RFC 9110, 5.6.7). The day of the week is not compared. */
const forms = [
  String.raw`(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}, (?<day>\d{1,2})[ -]${month}[ -](?<year>\d{4}|\d{2}) ${clock} ${zone}`,
  String.raw`(?:mon|tue|wed|thu|fri|sat|sun) ${month} [ ]?(?<day>\d{1,2}) ${clock} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`, "i"));

/**
 * An HTTP date in any of its three forms, in milliseconds since the epoch; undefined if the text is none. HTTP dates are in
 * UTC, whether they say so or not. Two digits stand for a year from 1970 to 2069.
 *
 * Source: RFC 9110, 5.6.7 "Date/Time Formats".
 */
export function readHttpDate(text: string): number | undefined {
  const groups = forms.map((form) => form.exec(text)?.groups).find((found) => found !== undefined);
  if (groups === undefined) return undefined;
  const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((name) => Number(groups[name]));
  const year = Number(groups["year"]);
  const century = groups["year"]?.length === 4 ? 0 : year < 70 ? 2000 : 1900;
  const monthIndex = months.indexOf(groups["month"]?.toLowerCase() ?? "");
  return utcTime(century + year, monthIndex + 1, day ?? 0, hour ?? 0, minute ?? 0, second ?? 0);
}

/**
 * A moment in UTC in milliseconds since the epoch; undefined if there is no such day or time. A leap second (60) is the
 * first second of the next minute, and the hour 24 is midnight at the end of the day (ISO 8601).
 */
export function utcTime(
  year: number,
  monthNumber: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const midnight = new Date(Date.UTC(2000, monthNumber - 1, day));
  midnight.setUTCFullYear(year, monthNumber - 1, day);
  const isDay = midnight.getUTCMonth() === monthNumber - 1 && midnight.getUTCDate() === day;
  const isTime = (hour < 24 || (hour === 24 && minute === 0 && second === 0)) && minute < 60 && second <= 60;
  return isDay && isTime ? midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}
