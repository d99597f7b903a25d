import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutText, readHeaderText } from "#platform/http/reading/header-text.ts";

describe("the reader of header texts", () => {
  it("a short header text stays as it is", () => {
    expect(readHeaderText(" 40% of 3 types ")).toBe("40% of 3 types");
    expect(readHeaderText(["one", "two"])).toBe("one, two");
  });

  it.each([undefined, "", " \t ", "\u0007"])("the header text %j counts as absent", (header) => {
    expect(readHeaderText(header)).toBeUndefined();
  });

  it("a header text of 20,000 characters is cut, with a warning", () => {
    const warned: string[] = [];
    const text = readHeaderText("x".repeat(20_000), (code) => warned.push(code));
    expect(text).toBe(`${"x".repeat(300)}…`);
    expect(warned).toEqual(["TEXT_CUT"]);
  });

  it("a header text becomes one line of bounded length without control characters", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 500 }),
        fc.integer({ min: 1, max: 400 }),
        (header, longest) => {
          const text = readHeaderText(header, undefined, longest) ?? "";
          // oxlint-disable-next-line no-control-regex -- exactly these must not be there.
          expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
          expect(text.length).toBeLessThanOrEqual(longest + 1);
          expect(text.isWellFormed() || !header.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  it("a cut text never ends with half of a surrogate pair", () => {
    expect(cutText("ab😀", 3)).toBe("ab…");
    expect(cutText("ab😀", 4)).toBe("ab😀");
  });
});
