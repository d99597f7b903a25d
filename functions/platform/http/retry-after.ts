/** IMF-fixdate, the obsolete RFC 850 form and asctime (RFC 9110, 5.6.7), as far as telling them from other texts needs. */
const httpDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)([a-z]*, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} [\d:]{8} GMT| [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/**
 * The delay that a Retry-After header asks for, in milliseconds from `now`: never negative; undefined where the header is
 * absent or unreadable. Both forms count, delay-seconds and HTTP-date in each of its three spellings (RFC 9110, 10.2.3).
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  if (!httpDate.test(value)) return undefined;
  const date = Date.parse(value.endsWith("GMT") ? value : `${value} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
