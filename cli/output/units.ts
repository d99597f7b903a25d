/** "1.2 MB", for people. */
export function readableBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** "12,345", for people. */
export const readableCount = (count: number): string => count.toLocaleString("en-US");

const two = (value: number): string => String(value).padStart(2, "0");

/** "1 h 02 min", "3 min 05 s" or "12 s". */
export function readableDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s` : `${seconds} s`;
}

/** "2026-03-01 12:00:05", in UTC; "-" if there is no time. */
export const readableTime = (time: string | null): string =>
  time === null ? "-" : new Date(time).toISOString().slice(0, 19).replace("T", " ");
