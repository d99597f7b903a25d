import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureOf } from "#cli/output/command-failed.ts";
import { table } from "#cli/output/table.ts";
import { readableBytes, readableCount, readableDuration, readableTime } from "#cli/output/units.ts";

describe("texts for people", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [1_234_567, "1.2 MB"],
    [5_000_000_000_000_000, "5000.0 TB"],
  ])("%i bytes are %s", (bytes, text) => {
    expect(readableBytes(bytes)).toBe(text);
  });

  it.each([
    [-5, "0 s"],
    [59_400, "59 s"],
    [61_000, "1 min 01 s"],
    [3_720_000, "1 h 02 min"],
  ])("%i ms are %s", (ms, text) => {
    expect(readableDuration(ms)).toBe(text);
  });

  it("counts and times are read at a glance", () => {
    expect([readableCount(1_234_567), readableTime("2026-03-01T12:00:05.000Z"), readableTime(null)]).toEqual([
      "1,234,567",
      "2026-03-01 12:00:05",
      "-",
    ]);
  });

  it("the columns of a table begin at the same place in each row, whatever the cells hold", () => {
    const cell = fc.string({ minLength: 1 }).map((text) => text.replaceAll("|", "/"));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1 }), (rows) => {
        const lines = table(rows.map(([first, second, third]) => [first, `|${second}`, `|${third}`]));
        expect(new Set(lines.map((line) => line.indexOf("|"))).size).toBe(1);
        expect(lines.join("")).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it("a failure names its causes", () => {
    const refused = new AggregateError([
      new Error("connect ECONNREFUSED ::1"),
      new Error("connect ECONNREFUSED 127.0.0.1"),
    ]);
    const error = new Error("fetch failed", { cause: refused });
    expect(failureOf(error).error).toMatchObject({
      message: "fetch failed, because: connect ECONNREFUSED ::1, because: connect ECONNREFUSED 127.0.0.1",
      exitCode: 1,
      status: null,
    });
  });
});
