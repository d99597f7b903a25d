const numbers = new Intl.NumberFormat("en");

/** A number with separators; a dash for none. */
export const numberText = (value: number | null): string => (value === null ? "–" : numbers.format(value));

/** A number of things: `1 line`, `2,000 lines`. */
export const countText = (count: number, thing: string): string =>
  `${numberText(count)} ${thing}${count === 1 ? "" : "s"}`;

const units = ["bytes", "kB", "MB", "GB", "TB"];

/** Bytes in the unit that fits, with three digits. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "–";
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const scaled = bytes / 1000 ** power;
  return `${scaled.toLocaleString("en", { maximumSignificantDigits: 3 })} ${units[power]}`;
}

/** Seconds as people say them: `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

const times = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A time in the user's own time zone; a dash for none. */
export function timeText(time: string | null): string {
  const date = new Date(time ?? "");
  return time === null || Number.isNaN(date.getTime()) ? (time ?? "–") : times.format(date);
}
