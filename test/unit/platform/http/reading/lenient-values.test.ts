import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBoolean, readCount, readNumber } from "#platform/http/reading/lenient-values.ts";

function reading<T>(reader: (value: unknown, warn: (code: string) => void) => T, value: unknown): [T, string[]] {
  const warned: string[] = [];
  return [reader(value, (code) => warned.push(code)), warned];
}

const padding = fc.constantFrom("", " ", "\n\t");

describe("the reader of booleans", () => {
  it("a boolean is read as such and as a text in any case", () => {
    const spelt = fc.constantFrom(
      (value: boolean) => value,
      (value: boolean) => `${value}`,
      (value: boolean) => `${value}`.toUpperCase(),
      (value: boolean) => ` ${value}\n`,
    );
    fc.assert(
      fc.property(fc.boolean(), spelt, (value, spell) => {
        expect(reading(readBoolean, spell(value))).toEqual([value, []]);
      }),
    );
  });

  it.each(["", "yes", "1", 0, 1, {}, ["true"], "truee"])("the boolean %j counts as unsaid, with a warning", (value) => {
    expect(reading(readBoolean, value)).toEqual([undefined, ["BOOLEAN_UNREADABLE"]]);
  });
});

describe("the reader of numbers", () => {
  it("a number is read as such and as a text in any spelling", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, padding, (value, pad) => {
        expect(readNumber(value)).toBe(value);
        expect(readNumber(`${pad}${value}${pad}`)).toBe(Number(`${value}`));
      }),
    );
    for (const [text, value] of [
      ["899", 899],
      ["899.0", 899],
      ["0899", 899],
      ["+5.", 5],
      ["1e3", 1000],
    ] as const)
      expect(reading(readNumber, text)).toEqual([value, []]);
  });

  it.each(["", "  ", "0x10", "1,000", "12 s", "NaN", "Infinity", "1e999", "9".repeat(65), Number.NaN, true, {}, [5]])(
    "the number %j counts as unsaid, with a warning",
    (value) => {
      expect(reading(readNumber, value)).toEqual([undefined, ["NUMBER_UNREADABLE"]]);
    },
  );
});

describe("the reader of counts", () => {
  it("a count is read if it is a whole number from 0 on", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (count) => {
        expect(reading(readCount, count)).toEqual([count, []]);
        expect(reading(readCount, `${count}`)).toEqual([count, []]);
      }),
    );
    expect(readCount("138.0")).toBe(138);
  });

  it.each([-1, "-1", 1.5, "1.5", 1e300, "many", {}])("the count %j counts as unsaid, with one warning", (value) => {
    expect(reading(readCount, value)).toEqual([undefined, ["NUMBER_UNREADABLE"]]);
  });
});

describe("the readers of values", () => {
  it("an absent boolean, number or count counts as unsaid, without a warning", () => {
    for (const value of [undefined, null])
      expect([reading(readBoolean, value), reading(readNumber, value), reading(readCount, value)]).toEqual(
        Array.from({ length: 3 }, () => [undefined, []]),
      );
  });

  it("exactly the values that are present and cannot be read are warned of", () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(readBoolean, readNumber, readCount), (value, reader) => {
        const [read, warned] = reading(reader as typeof readNumber, value);
        expect(warned).toHaveLength(read === undefined && value !== undefined && value !== null ? 1 : 0);
      }),
    );
  });
});
