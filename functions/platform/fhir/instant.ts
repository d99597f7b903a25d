import * as z from "zod";

/**
 * A FHIR instant: date, time to the second and zone are required (FHIR R4, datatypes, `instant`). FHIR allows leap seconds,
 * but this pattern refuses them, because our clocks have none. What a server sends is read more tolerantly, by
 * `platform/http/reading/server-instant.ts`.
 */
const instantPattern =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

export const instant = z
  .string()
  .regex(instantPattern, {
    error: "must be a FHIR instant such as 2026-01-31T00:00:00Z (date, time and zone)",
    abort: true,
  })
  .refine(isRealDate, "names a day that does not exist");

function isRealDate(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number];
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}
