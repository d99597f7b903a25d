import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPreferences } from "#on-demand-api/ccd-requests/prefer-header.ts";

const preferencesIn = (header: string) => Object.fromEntries(readPreferences(header));

// D16
describe("a Prefer header", () => {
  it.each([
    ["wait=5", { wait: "5" }],
    ['wait="5"', { wait: "5" }],
    ["WAIT \t= 5", { wait: "5" }],
    ["respond-async, wait=100", { "respond-async": "", wait: "100" }],
    ["respond-async,wait=100", { "respond-async": "", wait: "100" }],
    ['foo="a, wait=5"', { foo: "a, wait=5" }],
    ['foo="a\\", wait=5", wait=7', { foo: 'a", wait=5', wait: "7" }],
    ["foo; wait=5", { foo: "" }],
    ['foo=1; bar="x, y"; baz; , wait=2', { foo: "1", wait: "2" }],
    ["wait=5, wait=9", { wait: "5" }],
    ["wait, wait=9", { wait: "" }],
    ["wait=, wait=9", { wait: "" }],
    ['wait=""', { wait: "" }],
    [", ,wait=5,", { wait: "5" }],
    ["a b, wait=5", { wait: "5" }],
    ['("a, wait=4"), wait=5', { wait: "5" }],
    ['foo="without an end, wait=5', {}],
    ["wait=5 wait=6", {}],
    ["", {}],
  ])("the header %s is read by RFC 7240's grammar", (header, preferences) => {
    expect(preferencesIn(header)).toEqual(preferences);
  });

  const name = fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]{1,8}$/);
  const quoted = fc.string().map((text) => ({ text, word: `"${text.replaceAll(/["\\]/g, "\\$&")}"` }));
  const word = fc.oneof(
    name.map((text) => ({ text, word: text })),
    quoted,
  );
  const blank = fc.constantFrom("", " ", "\t ");
  const assignment = fc.tuple(name, fc.option(word), blank).map(([key, value, gap]) => ({
    key: key.toLowerCase(),
    value: value?.text ?? "",
    written: value === null ? key : `${key}${gap}=${gap}${value.word}`,
  }));
  const preference = fc.record({ own: assignment, parameters: fc.array(assignment, { maxLength: 3 }), gap: blank });

  it("any list of preferences is read back: the first of each name, whatever its parameters and strings hold", () => {
    fc.assert(
      fc.property(fc.array(preference), blank, (preferences, gap) => {
        const header = preferences
          .map(({ own, parameters, gap: between }) =>
            [own, ...parameters].map(({ written }) => written).join(`${between};${between}`),
          )
          .join(`${gap},${gap}`);
        const first = new Map(preferences.toReversed().map(({ own }) => [own.key, own.value]));
        expect(new Map(readPreferences(header))).toEqual(first);
      }),
    );
  });

  it("any text is read in time that grows with its length", () => {
    const piece = fc.constantFrom("a", "=", ";", ",", '"', "\\", " ", "(", "wait=5");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.constantFrom(1, 100), (pieces, times) => {
        expect(readPreferences(pieces.join("").repeat(times))).toBeInstanceOf(Map);
      }),
    );
    for (const text of ["a;", "a ", 'a="', "a=;", "\t", " ;"])
      expect(readPreferences(text.repeat(5_000))).toBeInstanceOf(Map);
  });
});
