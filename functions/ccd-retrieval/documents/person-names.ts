/** Whether two sources say the same of something; `unknown` where one of them says nothing that could be compared. */
export type Likeness = "same" | "different" | "unknown";

/** One name of a person: its family names, or its given names. */
export type NameParts = readonly string[];

interface Words {
  /** Each name as one word: `O BRIEN` and `OBrien`, `Mary Ann` and `Maryann` are written for one another. */
  whole: readonly string[];
  /** Words that tell people apart. */
  telling: readonly string[];
  /** Initials, particles and suffixes: many people share them. */
  weak: readonly string[];
}

/**
 * Names are alike where they share a word, so that middle names, hyphens and former names do no harm; case, accents,
 * apostrophes and the order of words are nothing. Where one side has initials, particles or suffixes alone, they may
 * contradict, and prove nothing. Names of different scripts cannot be compared.
 */
export function compareNames(some: readonly NameParts[], others: readonly NameParts[]): Likeness {
  const [one, other] = [wordsOf(some), wordsOf(others)];
  if (one.whole.length === 0 || other.whole.length === 0) return "unknown";
  if (anyPair(one.whole, other.whole, isSame) || anyPair(one.telling, other.telling, isSame)) return "same";
  const [all, allOthers] = [allOf(one), allOf(other)];
  const tells = one.telling.length > 0 && other.telling.length > 0;
  if (!tells && anyPair(all, allOthers, beginsAlike)) return "unknown";
  return anyPair(all, allOthers, ofOneScript) ? "different" : "unknown";
}

const particles =
  "ABU AL BIN BINT D DA DAS DE DEL DELLA DEN DER DI DO DOS DU EL IBN LA LE MAC MC SAN SAINT ST TEN TER VAN VON Y";
const titles = "DR ESQ II III IV JR MD MR MRS MS MSC PHD RN SR";
const weakWords: ReadonlySet<string> = new Set(`${particles} ${titles}`.split(" "));

/** Letters that Unicode does not take for another one with a sign. */
const plainLetters: ReadonlyMap<string, string> = new Map([
  ["Æ", "AE"],
  ["Œ", "OE"],
  ["Ø", "O"],
  ["Ł", "L"],
  ["Đ", "D"],
  ["Ð", "D"],
  ["Þ", "TH"],
]);

/** More than any person's names have: what a document says more often costs no more time. */
const mostWords = 200;

function wordsOf(names: readonly NameParts[]): Words {
  const perName = names.map((parts) => parts.flatMap(plainWords)).filter((words) => words.length > 0);
  const all = [...new Set(perName.flat())].slice(0, mostWords);
  return {
    whole: perName.slice(0, mostWords).map((words) => words.join("")),
    telling: all.filter((word) => !isWeak(word)),
    weak: all.filter(isWeak),
  };
}

const isWeak = (word: string): boolean => weakWords.has(word) || /^\p{Script=Latin}$/u.test(word);

function plainWords(part: string): string[] {
  // Upper case writes ß as SS.
  const upper = part
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toUpperCase()
    .replace(/['’ʼ`´]/gu, "");
  const plain = upper.replace(/[ÆŒØŁĐÐÞ]/g, (letter) => plainLetters.get(letter) ?? letter);
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

const allOf = ({ telling, weak }: Words): string[] => [...telling, ...weak];

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
