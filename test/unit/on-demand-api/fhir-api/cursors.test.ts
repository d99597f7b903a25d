import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorLifeMs, cursors } from "#on-demand-api/fhir-api/cursors.ts";

const secret = "s".repeat(64);
const page = new URL("https://portal.example/integra/fhir/r4?_getpages=7&patient=250001");
const binding = { caller: "arn:aws:iam::1:user/clara", search: "Observation" };
const clock = { now: Date.parse("2026-03-01T12:00:00Z") };
const sealing = cursors(secret, () => clock.now);

const later = (ms: number) => cursors(secret, () => clock.now + ms);

describe("a cursor", () => {
  it("leads its caller to the page, for an hour", () => {
    const cursor = sealing.seal(binding, page);
    expect(later(cursorLifeMs - 1).open(binding, cursor)).toEqual(page);
    expect(() => later(cursorLifeMs).open(binding, cursor)).toThrow("The cursor cannot be used");
  });

  it("shows nothing of where it leads, nor that two lead to the same place", () => {
    const [one, two] = [sealing.seal(binding, page), sealing.seal(binding, page)];
    expect(one).toMatch(/^[\w-]+$/);
    expect(Buffer.from(one, "base64url").toString("latin1")).not.toMatch(/portal|_getpages|250001/);
    expect(one).not.toBe(two);
  });

  it.each([
    ["another caller", { ...binding, caller: "arn:aws:iam::1:user/paul" }],
    ["another search", { ...binding, search: "Condition" }],
    ["a binding that only reads the same", { caller: `${binding.caller}","Obs`, search: "ervation" }],
  ])("is of no use to %s", (_, another) => {
    expect(() => sealing.open(another, sealing.seal(binding, page))).toThrow("The cursor cannot be used");
  });

  it("is of no use under another secret, and a short secret is none", () => {
    const foreign = cursors("t".repeat(64), () => clock.now).seal(binding, page);
    expect(() => sealing.open(binding, foreign)).toThrow("The cursor cannot be used");
    expect(() => cursors("short", () => clock.now)).toThrow("too short");
  });

  it("is refused once a bit of it is changed, or whatever else is brought", () => {
    const bytes = Buffer.from(sealing.seal(binding, page), "base64url");
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => sealing.open(binding, changed.toString("base64url"))).toThrow("The cursor cannot be used");
      }),
    );
    const cursor = bytes.toString("base64url");
    fc.assert(
      fc.property(fc.nat(cursor.length), fc.string({ minLength: 1 }), (place, more) => {
        const longer = cursor.slice(0, place) + more + cursor.slice(place);
        expect(() => sealing.open(binding, longer)).toThrow("The cursor cannot be used");
      }),
    );
    const other = `${cursor.slice(0, -1)}${cursor.endsWith("A") ? "B" : "A"}`;
    expect(() => sealing.open(binding, other)).toThrow("The cursor cannot be used");
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => sealing.open(binding, text)).toThrow("The cursor cannot be used");
      }),
    );
  });
});
