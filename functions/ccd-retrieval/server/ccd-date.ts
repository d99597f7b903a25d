const instantPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-]\d\d):(\d\d))$/;

/**
 * An instant in the form of the guide's sample, `2012-01-01T00:00:00.000+0500`: milliseconds always, the offset as it was
 * given but without its colon (guide, "Kick-off Request"; its table's `+500` is taken for a misprint). What is finer than a
 * millisecond is cut off.
 *
 * @param instant a FHIR instant, as `export-request.ts` checks it
 * @throws TypeError where it is none
 */
export function ccdDate(instant: string): string {
  const [, time, fraction = "", hours = "+00", minutes = "00"] = instantPattern.exec(instant) ?? [];
  if (time === undefined) throw new TypeError("a date of a CCD request is no instant");
  return `${time}.${fraction.slice(0, 3).padEnd(3, "0")}${hours}${minutes}`;
}
