import type { RecordTarget } from "./clinical-document.ts";

/** What is known of a person, as FHIR's Patient has it. */
export interface Demographics {
  /** `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  birthDate?: string;
  /** FHIR's code: `male`, `female`, `other`, `unknown`. */
  gender?: string;
  names?: readonly { family?: string; given?: readonly string[] }[];
}

type Likeness = "same" | "different" | "unknown";

const gendersOfHl7: ReadonlyMap<string, string> = new Map([
  ["M", "male"],
  ["F", "female"],
]);

/**
 * Compares the person that a document names with the one that is known. Different: another date of birth, or two of
 * gender, family name and given names that have nothing in common; one alone changes in a life, or is spelled in two ways.
 * Same: the same date of birth, to the day, and not different. Whatever is missing on either side says nothing.
 */
export function comparePersons(target: RecordTarget, known: Demographics | undefined): Likeness {
  if (known === undefined) return "unknown";
  const birth = compareDates(target.birthTime?.iso.slice(0, fullDate), known.birthDate);
  const others = [
    compareGenders(target.gender, known.gender),
    compareWords(
      target.names.flatMap(({ family }) => family),
      (known.names ?? []).map(({ family }) => family ?? ""),
    ),
    compareWords(
      target.names.flatMap(({ given }) => given),
      (known.names ?? []).flatMap(({ given }) => given ?? []),
    ),
  ];
  return others.filter((likeness) => likeness === "different").length >= 2 ? "different" : birth;
}

const fullDate = "YYYY-MM-DD".length;

/** Dates are compared as far as both of them go. */
function compareDates(one: string | undefined, other: string | undefined): Likeness {
  if (one === undefined || other === undefined || !/^\d{4}(?:-\d\d){0,2}$/.test(other)) return "unknown";
  const common = Math.min(one.length, other.length);
  if (one.slice(0, common) !== other.slice(0, common)) return "different";
  return common === fullDate ? "same" : "unknown";
}

function compareGenders(hl7: string | undefined, fhir: string | undefined): Likeness {
  const gender = gendersOfHl7.get(hl7 ?? "");
  if (gender === undefined || (fhir !== "male" && fhir !== "female")) return "unknown";
  return gender === fhir ? "same" : "different";
}

/** Names are alike where they share a word, whatever its case and accents. */
function compareWords(some: readonly string[], others: readonly string[]): Likeness {
  const words = new Set(some.flatMap(wordsOf));
  const otherWords = others.flatMap(wordsOf);
  if (words.size === 0 || otherWords.length === 0) return "unknown";
  return otherWords.some((word) => words.has(word)) ? "same" : "different";
}

function wordsOf(name: string): string[] {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}
