import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readServerInstant } from "#platform/http/reading/server-instant.ts";

const hour = 3_600_000;
const noonish = Date.parse("2026-03-01T11:58:00Z");

function read(value: unknown) {
  const warned: string[] = [];
  const instant = readServerInstant(value, (code) => warned.push(code));
  return { instant, warned };
}

/** Moments that a server may name, to the second. */
const moment = fc.integer({ min: 0, max: Date.parse("9999-12-30T00:00:00Z") / 1000 }).map((seconds) => seconds * 1000);
const iso = (time: number): string => new Date(time).toISOString().slice(0, 19);
const basic = (time: number): string => iso(time).replaceAll(/[-:]/g, "");

describe("the reader of a server's instants", () => {
  it.each([
    ["2026-03-01T11:58:00Z"],
    ["2026-03-01T11:58:00.000Z"],
    ["2026-03-01T11:58:00+00:00"],
    ["2026-03-01T17:28:00+05:30"],
    ["2026-03-01T17:28:00+0530"],
    ["2026-03-01T03:58:00-08"],
    ["2026-03-01 11:58:00Z"],
    ["2026-03-01 11:58:00 UTC"],
    ["2026-03-01t11:58:00z"],
    ["20260301T115800Z"],
    ["20260301115800+0000"],
    ["2026-03-01T06:58:00-05:00[America/New_York]"],
    ["Sun, 01 Mar 2026 11:58:00 GMT"],
    [" 2026-03-01T11:58:00Z\n"],
    ["1772366280"],
    ["1772366280000"],
    [1_772_366_280],
    [1_772_366_280_000],
  ])("the instant %j is read as one moment", (value) => {
    expect(read(value)).toEqual({
      instant: { asReceived: String(value).trim(), earliest: noonish, latest: noonish },
      warned: [],
    });
  });

  it.each([
    ["2026-03-01T11:58:00"],
    ["2026-03-01 11:58:00"],
    ["20260301T115800"],
    ["20260301115800"],
    ["2026-03-01T11:58:00 EST"],
    ["2026-03-01T11:58:00+25:00"],
  ])("the instant %j, whose zone is missing or unknown, is read as the span from UTC+14 to UTC-12", (value) => {
    expect(read(value)).toEqual({
      instant: { asReceived: value, earliest: noonish - 14 * hour, latest: noonish + 12 * hour },
      warned: ["TIME_WITHOUT_ZONE"],
    });
  });

  it("an instant without seconds, a day and a month are read as the whole span that they mean", () => {
    expect(read("2026-03-01T11:58Z").instant).toMatchObject({ earliest: noonish, latest: noonish + 59_999 });
    const day = Date.parse("2026-03-01T00:00:00Z");
    const dayItself = { earliest: day - 14 * hour, latest: day + 36 * hour - 1 };
    expect(read("2026-03-01").instant).toMatchObject(dayItself);
    expect(read("20260301").instant).toMatchObject(dayItself);
    expect(read("2026-02").instant).toMatchObject({
      earliest: Date.parse("2026-02-01T00:00:00Z") - 14 * hour,
      latest: day + 12 * hour - 1,
    });
  });

  it("fractions of a second are read at any length, and never rounded to a later earliest moment", () => {
    expect(read("2026-03-01T11:58:00.1239Z").instant).toMatchObject({ earliest: noonish + 123, latest: noonish + 124 });
    expect(read("2026-03-01T11:58:00,5Z").instant).toMatchObject({ earliest: noonish + 500, latest: noonish + 500 });
  });

  it("a leap second is read as the next second, and the hour 24 as the next midnight", () => {
    expect(read("2016-12-31T23:59:60Z").instant?.earliest).toBe(Date.parse("2017-01-01T00:00:00Z"));
    expect(read("2026-02-28T24:00:00Z").instant?.earliest).toBe(Date.parse("2026-03-01T00:00:00Z"));
  });

  it.each([
    "",
    "soon",
    "2026",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-03-01T25:00:00Z",
    "2026-03-01T11:61:00Z",
    "2026-03T11:58:00Z",
    "2026-03-01 11:58:00 PM",
    "3/1/2026 11:58:00",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59",
    `2026-03-01T11:58:00.${"0".repeat(80)}Z`,
    true,
    {},
    ["2026-03-01T11:58:00Z"],
    Number.NaN,
    -5,
  ])("the instant %j counts as unsaid, with a warning", (value) => {
    expect(read(value)).toEqual({ instant: undefined, warned: ["TIME_UNREADABLE"] });
  });

  it("an absent instant counts as unsaid, without a warning", () => {
    for (const value of [undefined, null]) expect(read(value)).toEqual({ instant: undefined, warned: [] });
  });

  it("a moment is found in every spelling and zone", () => {
    const offset = fc.integer({ min: -12 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(moment, offset, (time, minutes) => {
        fc.pre(time + minutes * 60_000 >= 0);
        const sign = minutes < 0 ? "-" : "+";
        const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
          String(part).padStart(2, "0"),
        );
        const local = time + minutes * 60_000;
        for (const text of [
          `${iso(local)}${sign}${hours}:${rest}`,
          `${iso(local).replace("T", " ")}${sign}${hours}${rest}`,
          `${basic(local)}${sign}${hours}${rest}`,
        ])
          expect(read(text).instant).toEqual({ asReceived: text, earliest: time, latest: time });
      }),
    );
  });

  it("an instant without a zone contains every moment that it can mean", () => {
    const zone = fc.integer({ min: -12, max: 14 });
    fc.assert(
      fc.property(moment, zone, (local, hours) => {
        const instant = readServerInstant(iso(local));
        const meant = local - hours * hour;
        expect(instant?.earliest).toBeLessThanOrEqual(meant);
        expect(instant?.latest).toBeGreaterThanOrEqual(meant);
      }),
    );
  });

  it("an instant that was read can be written as a FHIR instant, whatever the value was", () => {
    const value = fc.oneof(fc.anything(), fc.string(), fc.stringMatching(/^[\dTZ:. +-]{0,40}$/), fc.double());
    fc.assert(
      fc.property(value, (anything) => {
        const instant = readServerInstant(anything);
        if (instant === undefined) return;
        expect(instant.earliest).toBeLessThanOrEqual(instant.latest);
        for (const time of [instant.earliest, instant.latest])
          expect(new Date(time).toISOString()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(instant.asReceived.length).toBeLessThanOrEqual(64);
      }),
      { numRuns: 1_000 },
    );
  });
});
