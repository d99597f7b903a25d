/** Whether two sources agree on a detail; `unknown` if the details cannot be compared. */
export type Likeness = "same" | "different" | "unknown";

/** The words of one name of a person: its family names, or its given names. */
export type NameParts = readonly string[];

interface Words {
  /** Each name as one word, because people write `O BRIEN` for `OBrien`, and `Mary Ann` for `Maryann`. */
  whole: readonly string[];
  /** Words that distinguish people. */
  distinctive: readonly string[];
  /** Initials, particles and suffixes, which many people share. */
  weak: readonly string[];
}

/**
 * Compares the names of two sources. They are the same if they share a word, so middle names, hyphens and former names make no
 * difference. Neither do case, accents, transliterated umlauts (`Mueller` for `Müller`), apostrophes and the order of words. If one
 * side has only initials, particles or suffixes, the names can be different but never the same. Names in different scripts cannot
 * be compared.
 */
export function compareNames(some: readonly NameParts[], others: readonly NameParts[]): Likeness {
  const [one, other] = [wordsOf(some), wordsOf(others)];
  if (one.whole.length === 0 || other.whole.length === 0) return "unknown";
  if (anyPair(one.whole, other.whole, isSame) || anyPair(one.distinctive, other.distinctive, isSame)) return "same";
  const [all, allOthers] = [allOf(one), allOf(other)];
  const bothDistinctive = one.distinctive.length > 0 && other.distinctive.length > 0;
  if (!bothDistinctive && anyPair(all, allOthers, beginsAlike)) return "unknown";
  return anyPair(all, allOthers, ofOneScript) ? "different" : "unknown";
}

const particles =
  "ABU AL BIN BINT D DA DAS DE DEL DELLA DEN DER DI DO DOS DU EL IBN LA LE MAC MC SAN SAINT ST TEN TER VAN VON Y";
const titles = "DR ESQ II III IV JR MD MR MRS MS MSC PHD RN SR";
const weakWords: ReadonlySet<string> = new Set(`${particles} ${titles}`.split(" "));

/** Letters that Unicode does not decompose into a letter and a mark. */
const plainLetters: ReadonlyMap<string, string> = new Map([
  ["Æ", "AE"],
  ["Œ", "OE"],
  ["Ø", "O"],
  ["Ł", "L"],
  ["Đ", "D"],
  ["Ð", "D"],
  ["Þ", "TH"],
]);

/** Letters that systems without them write as two, besides the form without the mark. */
const transliterated: ReadonlyMap<string, string> = new Map([
  ["Ä", "AE"],
  ["Ö", "OE"],
  ["Ü", "UE"],
  ["Å", "AA"],
  ["Ø", "OE"],
]);

/** More words than any person's names have. It bounds the time that a document with many names can cost. */
const maxWords = 200;

function wordsOf(names: readonly NameParts[]): Words {
  const perName = names.flatMap((parts) => formsOf(parts.flatMap(splitWords))).filter((words) => words.length > 0);
  const all = [...new Set(perName.flat())].slice(0, maxWords);
  return {
    whole: perName.slice(0, maxWords).map((words) => words.join("")),
    distinctive: all.filter((word) => !isWeak(word)),
    weak: all.filter(isWeak),
  };
}

const isWeak = (word: string): boolean => weakWords.has(word) || /^\p{Script=Latin}$/u.test(word);

/** The words of a part of a name, in upper case, with their accents. ß becomes SS. */
function splitWords(part: string): string[] {
  const upper = part
    .replace(/['’ʼ`´]/gu, "")
    .normalize("NFKC")
    .toUpperCase();
  return upper.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== "");
}

/** The words of one name without accents, and, if it has umlauts, its words with these transliterated. */
function formsOf(words: readonly string[]): string[][] {
  const plain = words.map(plainForm).filter((word) => word !== "");
  const other = words.map((word) => plainForm(transliterate(word))).filter((word) => word !== "");
  return plain.join(" ") === other.join(" ") ? [plain] : [plain, other];
}

/** An initial stays one letter. */
function transliterate(word: string): string {
  return word.length === 1 ? word : word.replace(/[ÄÖÜÅØ]/g, (letter) => transliterated.get(letter) ?? letter);
}

function plainForm(word: string): string {
  const plain = word.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[ÆŒØŁĐÐÞ]/g, (letter) => plainLetters.get(letter) ?? letter);
}

const allOf = ({ distinctive, weak }: Words): string[] => [...distinctive, ...weak];

function anyPair(
  some: readonly string[],
  others: readonly string[],
  alike: (one: string, other: string) => boolean,
): boolean {
  return some.some((one) => others.some((other) => alike(one, other)));
}

const isSame = (one: string, other: string): boolean => one === other;
const beginsAlike = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);
const isLatin = (word: string): boolean => /\p{Script=Latin}/u.test(word);
const ofOneScript = (one: string, other: string): boolean => isLatin(one) === isLatin(other);
