import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCursors, cursorLifeMs } from "#on-demand-api/fhir-api/cursors.ts";

const secret = "s".repeat(64);
const page = new URL("https://portal.example/integra/fhir/r4?_getpages=7&patient=250001");
const binding = { caller: "arn:aws:iam::1:user/clara", search: "Observation" };
const clock = { now: Date.parse("2026-03-01T12:00:00Z") };
const current = createCursors(secret, () => clock.now);

const later = (ms: number) => createCursors(secret, () => clock.now + ms);

describe("a cursor", () => {
  it("a cursor leads its caller to the page for one hour", () => {
    const cursor = current.seal(binding, page);
    expect(later(cursorLifeMs - 1).open(binding, cursor)).toEqual(page);
    expect(() => later(cursorLifeMs).open(binding, cursor)).toThrow("The cursor is invalid");
  });

  it("a cursor reveals neither its page nor whether another cursor leads to the same page", () => {
    const [one, two] = [current.seal(binding, page), current.seal(binding, page)];
    expect(one).toMatch(/^[\w-]+$/);
    expect(Buffer.from(one, "base64url").toString("latin1")).not.toMatch(/portal|_getpages|250001/);
    expect(one).not.toBe(two);
  });

  it.each([
    ["another caller", { ...binding, caller: "arn:aws:iam::1:user/paul" }],
    ["another search", { ...binding, search: "Condition" }],
    ["a binding that only reads the same", { caller: `${binding.caller}","Obs`, search: "ervation" }],
  ])("a cursor is refused for %s", (_, another) => {
    expect(() => current.open(another, current.seal(binding, page))).toThrow("The cursor is invalid");
  });

  it("a cursor of another secret is refused, and a short secret makes no cursors", () => {
    const other = createCursors("t".repeat(64), () => clock.now).seal(binding, page);
    expect(() => current.open(binding, other)).toThrow("The cursor is invalid");
    expect(() => createCursors("short", () => clock.now)).toThrow("too short");
  });

  it("a changed cursor is refused, and so is any other text", () => {
    const bytes = Buffer.from(current.seal(binding, page), "base64url");
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => current.open(binding, changed.toString("base64url"))).toThrow("The cursor is invalid");
      }),
    );
    const cursor = bytes.toString("base64url");
    fc.assert(
      fc.property(fc.nat(cursor.length), fc.string({ minLength: 1 }), (place, more) => {
        const longer = cursor.slice(0, place) + more + cursor.slice(place);
        expect(() => current.open(binding, longer)).toThrow("The cursor is invalid");
      }),
    );
    const other = `${cursor.slice(0, -1)}${cursor.endsWith("A") ? "B" : "A"}`;
    expect(() => current.open(binding, other)).toThrow("The cursor is invalid");
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => current.open(binding, text)).toThrow("The cursor is invalid");
      }),
    );
  });
});
