import type { ReportWarning } from "./reading-warnings.ts";

/*
 * Booleans and numbers that a server may write as texts. Some servers document `"requiresAccessToken": "true"`, others send
 * `"expires_in": "899"`. What is absent or null is unsaid. What cannot be read counts as unsaid as well, with a warning.
 */

/** A boolean, or the text of one in any case; undefined if it is unsaid. */
export function readBoolean(value: unknown, warn?: ReportWarning): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" ? value.trim().toLowerCase() : undefined;
  if (text === "true") return true;
  if (text === "false") return false;
  return unsaid(value, () => warn?.("BOOLEAN_UNREADABLE"));
}

/** As JSON writes numbers, and with a plus sign, leading zeros, or nothing behind the point. */
const numberPattern = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i;
const longestNumber = 64;

/** A finite number, or the text of one; undefined if it is unsaid. */
export function readNumber(value: unknown, warn?: ReportWarning): number | undefined {
  const number = typeof value === "string" ? numberOf(value.trim()) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  return unsaid(value, () => warn?.("NUMBER_UNREADABLE"));
}

/** A number of things (a whole number from 0 on), or the text of one; undefined if it is unsaid. */
export function readCount(value: unknown, warn?: ReportWarning): number | undefined {
  const number = readNumber(value, warn);
  if (number === undefined || (Number.isSafeInteger(number) && number >= 0)) return number;
  warn?.("NUMBER_UNREADABLE");
  return undefined;
}

function numberOf(text: string): number | undefined {
  return text.length <= longestNumber && numberPattern.test(text) ? Number(text) : undefined;
}

function unsaid(value: unknown, warn: () => void): undefined {
  if (value !== undefined && value !== null) warn();
}
