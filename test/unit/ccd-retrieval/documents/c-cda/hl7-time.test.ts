import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHl7Time } from "#ccd-retrieval/documents/c-cda/hl7-time.ts";

describe("readHl7Time", () => {
  it.each([
    ["2012", { iso: "2012", precision: "year", instant: undefined }],
    ["201202", { iso: "2012-02", precision: "month", instant: undefined }],
    ["20120229", { iso: "2012-02-29", precision: "day", instant: undefined }],
    ["2012022910", { iso: "2012-02-29T10", precision: "hour", instant: undefined }],
    ["201202291015", { iso: "2012-02-29T10:15", precision: "minute", instant: undefined }],
    ["20120229101530", { iso: "2012-02-29T10:15:30", precision: "second", instant: undefined }],
    ["201202291015-0500", { iso: "2012-02-29T10:15-05:00", precision: "minute", instant: "2012-02-29T15:15:00.000Z" }],
    [
      "20120229101530+0530",
      { iso: "2012-02-29T10:15:30+05:30", precision: "second", instant: "2012-02-29T04:45:30.000Z" },
    ],
    [
      "20120229101530.1234-0500",
      { iso: "2012-02-29T10:15:30.1234-05:00", precision: "second", instant: "2012-02-29T15:15:30.123Z" },
    ],
    ["2012022910-0500", { iso: "2012-02-29T10-05:00", precision: "hour", instant: undefined }],
    [
      "20121231233000-0500",
      { iso: "2012-12-31T23:30:00-05:00", precision: "second", instant: "2013-01-01T04:30:00.000Z" },
    ],
    [
      "20120229101530+0000",
      { iso: "2012-02-29T10:15:30+00:00", precision: "second", instant: "2012-02-29T10:15:30.000Z" },
    ],
    [
      "20120229101530+500",
      { iso: "2012-02-29T10:15:30+05:00", precision: "second", instant: "2012-02-29T05:15:30.000Z" },
    ],
    [
      "20120229101530-5",
      { iso: "2012-02-29T10:15:30-05:00", precision: "second", instant: "2012-02-29T15:15:30.000Z" },
    ],
    // The zone of a day is dropped.
    ["20120229-0500", { iso: "2012-02-29", precision: "day", instant: undefined }],
    // D8: spellings of ISO 8601.
    ["2012-02-29", { iso: "2012-02-29", precision: "day", instant: undefined }],
    ["20120229T1015", { iso: "2012-02-29T10:15", precision: "minute", instant: undefined }],
    [
      "2012-02-29T10:15:30Z",
      { iso: "2012-02-29T10:15:30+00:00", precision: "second", instant: "2012-02-29T10:15:30.000Z" },
    ],
    [
      "2012-02-29 10:15:30,5-05:00",
      { iso: "2012-02-29T10:15:30.5-05:00", precision: "second", instant: "2012-02-29T15:15:30.500Z" },
    ],
    [
      "20120229101530-05:00",
      { iso: "2012-02-29T10:15:30-05:00", precision: "second", instant: "2012-02-29T15:15:30.000Z" },
    ],
    ["20120229101530Z", { iso: "2012-02-29T10:15:30+00:00", precision: "second", instant: "2012-02-29T10:15:30.000Z" }],
    // HL7 allows a zone after a year.
    ["2012-02", { iso: "2012", precision: "year", instant: undefined }],
    [" 2012 ", { iso: "2012", precision: "year", instant: undefined }],
  ])("the HL7 time %j is read to its precision", (text, time) => {
    expect(readHl7Time(text)).toEqual(time);
  });

  it.each([
    "",
    "12",
    "20123",
    "201213",
    "20120230",
    "20110229",
    "2012022924",
    "201202291060",
    "20120229101560",
    "20120229101530+2400",
    "20120229101530+0560",
    "20120229.5",
    "2012-02-30",
    "2012-02-29T",
    "2012-02-29T10:15:60Z",
    "02/29/2012",
    "29.02.2012",
    "June 2012",
    "20120229101530.",
  ])("the text %j is not an HL7 time", (text) => {
    expect(readHl7Time(text)).toBeUndefined();
  });

  it("a missing text is not an HL7 time", () => {
    expect(readHl7Time(undefined)).toBeUndefined();
  });

  it("every instant in every zone is read as itself", () => {
    const moment = fc.date({
      min: new Date("0100-01-02T00:00:00Z"),
      max: new Date("9999-12-30T00:00:00Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moment, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().replace(/[-:TZ]/g, "");
        const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
        const zone = `${offset < 0 ? "-" : "+"}${String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0")}${minutes}`;
        const read = readHl7Time(`${local}${zone}`);
        expect(read?.instant).toBe(date.toISOString());
        expect(new Date(read?.iso ?? "").getTime()).toBe(date.getTime());
      }),
    );
  });
});
