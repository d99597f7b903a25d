import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportRequestDetail, triggeredInput } from "#bulk-export/language/export-request.ts";
import { instant } from "#platform/fhir/instant.ts";

const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, "0"));

describe("a FHIR instant", () => {
  it("every moment as JSON writes it is a FHIR instant", () => {
    const date = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (moment) => {
        expect(instant.safeParse(moment.toISOString()).success).toBe(true);
      }),
    );
  });

  it("every accepted FHIR instant can be compared with others", () => {
    const text = fc
      .tuple(
        fc.integer({ min: 1900, max: 2100 }),
        two(13),
        two(32),
        two(25),
        two(61),
        two(61),
        fc.constantFrom("Z", "+05:30", "-14:00", "+15:00", ""),
      )
      .map(
        ([year, month, day, hour, minute, second, zone]) =>
          `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`,
      );
    fc.assert(
      fc.property(text, (candidate) => {
        expect(instant.safeParse(candidate).success && Number.isNaN(Date.parse(candidate))).toBe(false);
      }),
      { numRuns: 2_000, examples: [["2016-12-31T23:59:60Z"]] },
    );
  });

  it.each([
    "2023-02-29T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
  ])("%s is not a FHIR instant", (text) => {
    expect(instant.safeParse(text).success).toBe(false);
  });
});

describe("the detail of a request", () => {
  it("the detail of a request refuses unknown fields", () => {
    expect(exportRequestDetail.safeParse({ level: "patient", group: "1" }).success).toBe(false);
  });

  it.each(["r", "order-17/4:2.b_c", "a".repeat(128)])("the requestId %s is accepted", (requestId) => {
    expect(exportRequestDetail.safeParse({ level: "patient", requestId }).success).toBe(true);
  });

  it.each(["", "-r", "a b", "a".repeat(129), "ä"])("the requestId %j is refused", (requestId) => {
    expect(exportRequestDetail.safeParse({ level: "patient", requestId }).success).toBe(false);
  });

  it("the detail of a request is not mistaken for a triggered input", () => {
    expect(triggeredInput.safeParse({ level: "patient" }).success).toBe(false);
  });
});
