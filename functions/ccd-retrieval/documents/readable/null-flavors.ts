const words: Readonly<Record<string, string>> = {
  NI: "no information",
  INV: "invalid",
  DER: "derived",
  OTH: "other",
  NINF: "negative infinity",
  PINF: "positive infinity",
  UNC: "not encoded",
  MSK: "masked",
  NA: "not applicable",
  UNK: "unknown",
  ASKU: "asked but unknown",
  NAV: "temporarily unavailable",
  NASK: "not asked",
  NAVU: "not available",
  QS: "sufficient quantity",
  TRC: "trace",
  NP: "not present",
};

/**
 * A nullFlavor in words: why a value is missing. A code that HL7 does not define means `no information`, as its parent does.
 *
 * Source: HL7 V3 Data Types Release 1, code system NullFlavor (2.16.840.1.113883.5.1008).
 */
export function nullFlavorWords(nullFlavor: string): string {
  const code = nullFlavor.trim();
  return Object.hasOwn(words, code) ? (words[code] ?? "no information") : "no information";
}

/** Why an element has no value, in words: nothing if it has no nullFlavor. */
export function nullWords(attributes: ReadonlyMap<string, string>): string[] {
  const nullFlavor = attributes.get("nullFlavor");
  return nullFlavor === undefined ? [] : [nullFlavorWords(nullFlavor)];
}
