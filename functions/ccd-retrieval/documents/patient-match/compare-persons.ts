import type { Hl7Time } from "#ccd-retrieval/documents/c-cda/hl7-time.ts";
import type { RecordTarget } from "#ccd-retrieval/documents/c-cda/record-target.ts";
import type { Demographics } from "#ccd-retrieval/language/known-patient.ts";
import { compareNames, type Likeness } from "./compare-names.ts";

/**
 * How well the person in a document agrees with the known person.
 *
 * - `different`: another date of birth, or two differences among gender, family name and given names. One difference alone is
 *   allowed: it may change during a life, or have two spellings.
 * - `same-person`: the same date of birth to the day, the same family name and given name, and not another gender.
 * - `same-birth`: the same date of birth to the day, and not `different`.
 * - `unknown`: everything else. A detail that is missing on either side counts for nothing.
 */
export type PersonLikeness = "different" | "unknown" | "same-birth" | "same-person";

/** Whether the details of two persons agree. */
export interface PersonDetails {
  /** `same`: to the day. */
  birth: Likeness;
  gender: Likeness;
  family: Likeness;
  given: Likeness;
}

/** Compares the person in a document with the known person, detail by detail. */
export function compareDetails(target: RecordTarget, known: Demographics): PersonDetails {
  return {
    birth: compareBirths(target.birthTime, known.birthDate),
    gender: compareGenders(target.gender, known.gender),
    ...compareFullNames(target.names, known.names),
  };
}

/** How well two persons agree, from their details. */
export function likenessOf({ birth, gender, family, given }: PersonDetails): PersonLikeness {
  const differing = [gender, family, given].filter((likeness) => likeness === "different").length;
  if (birth === "different" || differing >= 2) return "different";
  if (birth === "unknown") return "unknown";
  return family === "same" && given === "same" && gender !== "different" ? "same-person" : "same-birth";
}

/** Compares the person in a document with the known person. */
export function comparePersons(target: RecordTarget, known: Demographics): PersonLikeness {
  return likenessOf(compareDetails(target, known));
}

/**
 * Whether the persons differ in their names alone, and have the same date of birth, to the day, and the same gender. People are
 * renamed: a newborn is `Baby Girl` with its mother's name at first. This alone does not prove the patient.
 */
export function mayBeRenamed({ birth, gender }: PersonDetails): boolean {
  return birth === "same" && gender === "same";
}

const fullDate = "YYYY-MM-DD".length;

/** Compares dates to the precision that both have. */
function compareBirths(birth: Hl7Time | undefined, known: string | null): Likeness {
  if (birth === undefined || known === null) return "unknown";
  const written = birth.iso.slice(0, fullDate);
  const common = Math.min(written.length, known.length);
  if (written.slice(0, common) === known.slice(0, common)) return common === fullDate ? "same" : "unknown";
  return mayBeOnDay(birth.instant, known) ? "unknown" : "different";
}

const hour = 3_600_000;

/** Whether an instant is on that day in any zone: a server that stores dates as midnights may print them in another zone. */
function mayBeOnDay(instant: string | undefined, day: string): boolean {
  if (instant === undefined || day.length < fullDate) return false;
  const sinceMidnight = Date.parse(instant) - Date.parse(`${day}T00:00:00Z`);
  return sinceMidnight >= -14 * hour && sinceMidnight < (24 + 12) * hour;
}

const gendersOfHl7: ReadonlyMap<string, string> = new Map([
  ["M", "male"],
  ["F", "female"],
]);

/** Compares genders. Only male and female exclude each other. */
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
  // Some servers swap family and given names, as the guide's own sample does for a contact.
  const swapped = { family: compareNames(families[0], givens[1]), given: compareNames(givens[0], families[1]) };
  return swapped.family === "same" && swapped.given === "same" ? swapped : names;
}
