import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBoolean, readCount, readNumber } from "#platform/http/reading/lenient-values.ts";

function reading<T>(reader: (value: unknown, warn: (code: string) => void) => T, value: unknown): [T, string[]] {
  const warned: string[] = [];
  return [reader(value, (code) => warned.push(code)), warned];
}

const padding = fc.constantFrom("", " ", "\n\t");

describe("the reader of booleans", () => {
  it("reads a boolean, and its text in any case", () => {
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

  it.each(["", "yes", "1", 0, 1, {}, ["true"], "truee"])("takes %j as unsaid, and warns", (value) => {
    expect(reading(readBoolean, value)).toEqual([undefined, ["BOOLEAN_UNREADABLE"]]);
  });
});

describe("the reader of numbers", () => {
  it("reads a number, and its text in any spelling", () => {
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
    "takes %j as unsaid, and warns",
    (value) => {
      expect(reading(readNumber, value)).toEqual([undefined, ["NUMBER_UNREADABLE"]]);
    },
  );
});

describe("the reader of counts", () => {
  it("reads whole numbers from 0 on", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (count) => {
        expect(reading(readCount, count)).toEqual([count, []]);
        expect(reading(readCount, `${count}`)).toEqual([count, []]);
      }),
    );
    expect(readCount("138.0")).toBe(138);
  });

  it.each([-1, "-1", 1.5, "1.5", 1e300, "many", {}])("takes %j as unsaid, and warns once", (value) => {
    expect(reading(readCount, value)).toEqual([undefined, ["NUMBER_UNREADABLE"]]);
  });
});

describe("the readers of values", () => {
  it("take what is absent as unsaid, without a warning", () => {
    for (const value of [undefined, null])
      expect([reading(readBoolean, value), reading(readNumber, value), reading(readCount, value)]).toEqual(
        Array.from({ length: 3 }, () => [undefined, []]),
      );
  });

  it("never throw, and warn exactly if a value is there that they cannot read", () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(readBoolean, readNumber, readCount), (value, reader) => {
        const [read, warned] = reading(reader as typeof readNumber, value);
        expect(warned).toHaveLength(read === undefined && value !== undefined && value !== null ? 1 : 0);
      }),
    );
  });
});
