import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHl7Time } from "#ccd-retrieval/documents/c-cda/hl7-time.ts";
import type { RecordTarget } from "#ccd-retrieval/documents/c-cda/record-target.ts";
import { comparePersons, type PersonLikeness } from "#ccd-retrieval/documents/patient-match/compare-persons.ts";
import type { Demographics } from "#ccd-retrieval/language/known-patient.ts";

/** The patient of the guide's sample for US Core. */
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

describe("comparePersons", () => {
  it.each<[string, PersonLikeness, RecordTarget]>([
    ["who is the same", "same-person", person()],
    ["with a middle name", "same-person", person({ names: written("Nichols", "George", "James") })],
    ["with a former name", "same-person", person({ names: written("Doe", "John") })],
    ["with family and given name swapped", "same-person", person({ names: written("George", "Nichols") })],
    ["with a gender of neither male nor female", "same-person", person({ gender: "UN" })],
    ["without a gender", "same-person", person({ gender: undefined })],
    ["with another gender", "same-birth", person({ gender: "F" })],
    ["with an initial as given name", "same-birth", person({ names: written("Nichols", "G") })],
    ["with a new family name", "same-birth", person({ names: written("Miller", "George") })],
    ["with a nickname", "same-birth", person({ names: written("Nichols", "Geordie") })],
    ["without a name", "same-birth", person({ names: [] })],
    ["born in the same month, with no day given", "unknown", born("194306")],
    ["born in the same year, with no day given", "unknown", born("1943")],
    ["without a date of birth", "unknown", person({ birthTime: undefined })],
    ["born at midnight of that day, written in another zone", "unknown", born("19430618183000+0000")],
    ["born on the day before", "different", born("19430618")],
    ["born on the day before at an hour without a zone", "different", born("194306181830")],
    ["born two days before, in any zone", "different", born("19430617090000+0000")],
    ["born two days after, in any zone", "different", born("19430620120000+0000")],
    ["born in another month", "different", born("194307")],
    ["with quite another name", "different", person({ names: written("Miller", "Anna") })],
    ["who shares only an initial", "different", person({ names: written("Miller", "Anna J") })],
    ["with another gender and given name", "different", person({ gender: "F", names: written("Nichols", "Anna") })],
  ])("a person %s is compared as %s", (_, likeness, target) => {
    expect(comparePersons(target, known)).toBe(likeness);
  });

  it("a person cannot be compared with a patient about whom nothing is known", () => {
    expect(comparePersons(person(), { birthDate: null, gender: null, names: [] })).toBe("unknown");
    expect(comparePersons(person(), { birthDate: "1943", gender: "unknown", names: [] })).toBe("unknown");
  });

  it("a person with another date of birth is another person, even if all other details are the same", () => {
    const day = fc.date({ min: new Date("1900-01-01"), max: new Date("2026-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(day, (date) => {
        const iso = date.toISOString().slice(0, 10);
        const expected = iso === "1943-06-19" ? "same-person" : "different";
        expect(comparePersons(born(iso.replaceAll("-", "")), known)).toBe(expected);
      }),
    );
  });

  it("a missing detail never makes a person another one", () => {
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
