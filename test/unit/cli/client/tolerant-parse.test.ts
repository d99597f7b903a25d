import { describe, expect, it } from "vitest";
import * as z from "zod";
import { tolerantParse } from "#cli/client/tolerant-parse.ts";

const schema = z.strictObject({ id: z.string(), inner: z.array(z.strictObject({ n: z.number() })).nullable() });

describe("an answer of a stage that is newer than the command", () => {
  it("is read without the members that are not known", () => {
    const answer = { id: "a", more: 1, inner: [{ n: 1, further: true }, { n: 2 }] };
    expect(tolerantParse(schema, answer, "the answer")).toEqual({ id: "a", inner: [{ n: 1 }, { n: 2 }] });
    expect(answer.more).toBe(1);
  });

  it("is refused if a known member is missing or of another type", () => {
    expect(() => tolerantParse(schema, { id: 1, more: 1, inner: null }, "the answer")).toThrow(
      "the answer cannot be read: id",
    );
    expect(() => tolerantParse(schema, undefined, "the answer")).toThrow("cannot be read");
  });
});
