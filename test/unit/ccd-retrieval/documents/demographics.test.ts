import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordTarget } from "#ccd-retrieval/documents/clinical-document.ts";
import { comparePersons } from "#ccd-retrieval/documents/demographics.ts";
import { readHl7Time } from "#ccd-retrieval/documents/hl7-time.ts";
import type { Demographics } from "#ccd-retrieval/language/known-patient.ts";

/** As the guide's sample for US Core has the patient. */
const known: Demographics = {
  birthDate: "1943-06-19",
  gender: "male",
  names: [
    { family: "NICHOLS", given: ["GEORGE"] },
    { family: "NICHOLS", given: ["GEORGE J"] },
    { family: "Doe", given: ["John"] },
  ],
};

const written = (family: string, ...given: string[]): RecordTarget["names"] => [{ family: [family], given }];
const person = (changes: Partial<RecordTarget> = {}): RecordTarget => ({
  ids: [],
  names: written("NICHOLS", "GEORGE"),
  birthTime: readHl7Time("19430619"),
  gender: "M",
  ...changes,
});
const born = (text: string): RecordTarget => person({ birthTime: readHl7Time(text) });

describe("the person that a document names", () => {
  it.each<[string, RecordTarget, string]>([
    ["as it is known", person(), "same-person"],
    ["with a middle name", person({ names: written("Nichols", "George", "James") }), "same-person"],
    ["by a former name", person({ names: written("Doe", "John") }), "same-person"],
    ["by names in each other's place", person({ names: written("George", "Nichols") }), "same-person"],
    ["of a gender that is neither", person({ gender: "UN" }), "same-person"],
    ["of no gender", person({ gender: undefined }), "same-person"],
    ["of another gender", person({ gender: "F" }), "same-birth"],
    ["by an initial", person({ names: written("Nichols", "G") }), "same-birth"],
    ["by a new family name", person({ names: written("Miller", "George") }), "same-birth"],
    ["by a nickname", person({ names: written("Nichols", "Geordie") }), "same-birth"],
    ["without a name", person({ names: [] }), "same-birth"],
    ["born in that month", born("194306"), "unknown"],
    ["born in that year", born("1943"), "unknown"],
    ["of unknown birth", person({ birthTime: undefined }), "unknown"],
    ["born at that day's midnight, in another zone", born("19430618183000+0000"), "unknown"],
    ["born on the day before", born("19430618"), "different"],
    ["born on the day before at an hour that says no zone", born("194306181830"), "different"],
    ["born two days before, in whatever zone", born("19430617090000+0000"), "different"],
    ["born two days after, in whatever zone", born("19430620120000+0000"), "different"],
    ["born in another month", born("194307"), "different"],
    ["of another name altogether", person({ names: written("Miller", "Anna") }), "different"],
    ["who shares an initial alone", person({ names: written("Miller", "Anna J") }), "different"],
    ["of another gender and given name", person({ gender: "F", names: written("Nichols", "Anna") }), "different"],
  ])("%s", (_, target, likeness) => {
    expect(comparePersons(target, known)).toBe(likeness);
  });

  it("cannot be compared with a person of whom nothing is known", () => {
    expect(comparePersons(person(), { birthDate: null, gender: null, names: [] })).toBe("unknown");
    expect(comparePersons(person(), { birthDate: "1943", gender: "unknown", names: [] })).toBe("unknown");
  });

  it("is another one with another date of birth, whatever else is the same", () => {
    const day = fc.date({ min: new Date("1900-01-01"), max: new Date("2026-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(day, (date) => {
        const iso = date.toISOString().slice(0, 10);
        const expected = iso === "1943-06-19" ? "same-person" : "different";
        expect(comparePersons(born(iso.replaceAll("-", "")), known)).toBe(expected);
      }),
    );
  });

  it("is judged by what is there: taking a part away never makes it another one", () => {
    const part = fc.constantFrom<Partial<RecordTarget>>(
      { names: [] },
      { birthTime: undefined },
      { gender: undefined },
      { names: written("", "") },
    );
    const changes = fc.record({
      gender: fc.constantFrom("M", "F", "UN"),
      birthTime: fc.constantFrom(readHl7Time("19430619"), readHl7Time("1943"), readHl7Time("19430620")),
      names: fc.constantFrom(written("Nichols", "George"), written("Miller", "George"), written("Miller", "Anna")),
    });
    fc.assert(
      fc.property(changes, part, (change, taken) => {
        fc.pre(comparePersons(person(change), known) !== "different");
        expect(comparePersons(person({ ...change, ...taken }), known)).not.toBe("different");
      }),
    );
  });
});
