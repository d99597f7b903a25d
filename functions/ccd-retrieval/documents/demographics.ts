import type { Demographics } from "#ccd-retrieval/language/known-patient.ts";
import type { RecordTarget } from "./clinical-document.ts";
import type { Hl7Time } from "./hl7-time.ts";
import { compareNames, type Likeness } from "./person-names.ts";

/**
 * How far the person whom a document names is the one who is known.
 *
 * - `different`: another date of birth, or two of gender, family name and given names that have nothing in common; one
 *   alone changes in a life, or is spelled in two ways.
 * - `same-person`: the same date of birth, to the day, family name and given name, and no other gender.
 * - `same-birth`: the same date of birth, to the day, and not different.
 * - `unknown`: anything else. Whatever is missing on either side says nothing.
 */
export type PersonLikeness = "different" | "unknown" | "same-birth" | "same-person";

/** Compares the person that a document names with the one that is known. */
export function comparePersons(target: RecordTarget, known: Demographics): PersonLikeness {
  const birth = compareBirths(target.birthTime, known.birthDate);
  const gender = compareGenders(target.gender, known.gender);
  const { family, given } = compareFullNames(target.names, known.names);
  const differing = [gender, family, given].filter((likeness) => likeness === "different").length;
  if (birth === "different" || differing >= 2) return "different";
  if (birth === "unknown") return "unknown";
  return family === "same" && given === "same" && gender !== "different" ? "same-person" : "same-birth";
}

const fullDate = "YYYY-MM-DD".length;

/** Dates are compared as far as both of them go. */
function compareBirths(birth: Hl7Time | undefined, known: string | null): Likeness {
  if (birth === undefined || known === null) return "unknown";
  const written = birth.iso.slice(0, fullDate);
  const common = Math.min(written.length, known.length);
  if (written.slice(0, common) === known.slice(0, common)) return common === fullDate ? "same" : "unknown";
  return mayBeOn(birth.instant, known) ? "unknown" : "different";
}

const hour = 3_600_000;

/** Whether a moment is on that day somewhere: a server that keeps dates as midnights may print them in another zone. */
function mayBeOn(instant: string | undefined, day: string): boolean {
  if (instant === undefined || day.length < fullDate) return false;
  const sinceMidnight = Date.parse(instant) - Date.parse(`${day}T00:00:00Z`);
  return sinceMidnight >= -14 * hour && sinceMidnight < (24 + 12) * hour;
}

const gendersOfHl7: ReadonlyMap<string, string> = new Map([
  ["M", "male"],
  ["F", "female"],
]);

/** Only male and female exclude each other. */
function compareGenders(hl7: string | undefined, fhir: string | null): Likeness {
  const gender = gendersOfHl7.get(hl7 ?? "");
  if (gender === undefined || (fhir !== "male" && fhir !== "female")) return "unknown";
  return gender === fhir ? "same" : "different";
}

function compareFullNames(
  some: RecordTarget["names"],
  others: Demographics["names"],
): { family: Likeness; given: Likeness } {
  const families = [
    some.map(({ family }) => family),
    others.map(({ family }) => (family === null ? [] : [family])),
  ] as const;
  const givens = [some.map(({ given }) => given), others.map(({ given }) => given)] as const;
  const names = { family: compareNames(...families), given: compareNames(...givens) };
  if (names.family !== "different" || names.given !== "different") return names;
  // Some write the one in the other's place, as the guide's own sample does for a contact.
  const crossed = { family: compareNames(families[0], givens[1]), given: compareNames(givens[0], families[1]) };
  return crossed.family === "same" && crossed.given === "same" ? crossed : names;
}
