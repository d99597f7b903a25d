const instantPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-]\d\d):(\d\d))$/;

/**
 * Formats an instant like the guide's sample, `2012-01-01T00:00:00.000+0500`: always with milliseconds, and with the given
 * offset without its colon. Digits beyond milliseconds are cut off.
 *
 * Source: guide, "Kick-off Request". Its table has `+500`, which the bridge treats as a misprint.
 * @param instant a FHIR instant (`platform/fhir/instant.ts`)
 * @throws TypeError if the text is not an instant
 */
export function formatCcdDate(instant: string): string {
  const [, time, fraction = "", hours = "+00", minutes = "00"] = instantPattern.exec(instant) ?? [];
  if (time === undefined)
    throw new TypeError("a date of a CCD request is not an instant: send it as 2026-01-31T00:00:00Z");
  return `${time}.${fraction.slice(0, 3).padEnd(3, "0")}${hours}${minutes}`;
}
