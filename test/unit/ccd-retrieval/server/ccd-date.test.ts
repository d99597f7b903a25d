import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCcdDate } from "#ccd-retrieval/server/ccd-date.ts";
import { instant } from "#platform/fhir/instant.ts";

const digits = (value: number, length = 2): string => String(value).padStart(length, "0");

const offset = fc.oneof(
  fc.constant("Z"),
  fc
    .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 14 }), fc.constantFrom(0, 30, 45))
    .map(([sign, hours, minutes]) => `${sign}${digits(hours)}:${digits(minutes)}`),
);
const anyInstant = fc
  .tuple(
    fc.date({ min: new Date("1900-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true }),
    fc.oneof(fc.constant(""), fc.stringMatching(/^\.\d{1,9}$/)),
    offset,
  )
  .map(([date, fraction, zone]) => `${date.toISOString().slice(0, 19)}${fraction}${zone}`);

describe("formatCcdDate", () => {
  it.each([
    ["2012-01-01T00:00:00+05:00", "2012-01-01T00:00:00.000+0500"],
    ["2012-01-01T00:00:00Z", "2012-01-01T00:00:00.000+0000"],
    ["2012-01-01T23:59:59.9-03:30", "2012-01-01T23:59:59.900-0330"],
    ["2012-01-01T00:00:00.123456789Z", "2012-01-01T00:00:00.123+0000"],
  ])("the instant %s is sent as %s", (given, sent) => {
    expect(formatCcdDate(given)).toBe(sent);
  });

  it("every instant is sent as the same moment, to the millisecond, with its own offset", () => {
    fc.assert(
      fc.property(anyInstant, (given) => {
        expect(instant.safeParse(given).success).toBe(true);
        const sent = formatCcdDate(given);
        expect(sent).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/);
        const readAgain = sent.replace(/(\d\d)(\d\d)$/, "$1:$2");
        expect(Date.parse(readAgain)).toBe(Date.parse(given));
        const zone = /(Z|[+-]\d\d:\d\d)$/.exec(given)?.[1] ?? "";
        expect(readAgain.slice(-6)).toBe(zone === "Z" ? "+00:00" : zone);
      }),
    );
  });

  it.each(["", "2012-01-01", "2012-01-01T00:00:00", "2012-01-01T00:00:00.000+0500", "soon"])(
    "%j is not an instant, and the fault does not repeat it",
    (text) => {
      expect(() => formatCcdDate(text)).toThrow(
        /^a date of a CCD request is not an instant: send it as 2026-01-31T00:00:00Z$/,
      );
    },
  );
});
