import { readServerInstant } from "#platform/http/reading/server-instant.ts";

/**
 * A transactionTime as summary and events may show it: a time, or at least digits in the form of one. Null for any other text,
 * because it may contain anything.
 */
export function presentableTime(transactionTime: string | null): string | null {
  const looksLikeTime = readServerInstant(transactionTime) ?? /^\d{4}[\dT:.+Z -]{4,40}$/i.test(transactionTime ?? "");
  return looksLikeTime ? transactionTime : null;
}
