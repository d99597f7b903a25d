/**
 * The closed list of what the readers in this folder warn of, each code with the sentence that its log line carries. The
 * runbook explains each. A value that cannot be read counts as unsaid: the warning is all that is left of it.
 */
export const readingWarningCodes = {
  BOOLEAN_UNREADABLE: "A value that must be true or false is neither. It counts as unsaid.",
  NUMBER_UNREADABLE: "A value that must be a number is not one. It counts as unsaid.",
  TIME_UNREADABLE: "A time cannot be read. It counts as unsaid.",
  TIME_WITHOUT_ZONE:
    "A time has no time zone, or one that is not known. It stands for the whole span that it can mean.",
  RETRY_AFTER_UNREADABLE: "A Retry-After header cannot be read. It counts as unsaid.",
  URL_UNREADABLE: "A URL cannot be read. It counts as unsaid.",
  TEXT_CUT: "A text was too long. Its end was cut off.",
} as const;

export type ReadingWarningCode = keyof typeof readingWarningCodes;

/** One warning about an answer of the server. It holds a place, never a value: a value may be a credential or name a patient. */
export interface ReadingWarning<Code extends string = ReadingWarningCode> {
  code: Code;
  /** The member or header that it is about: `expires_in`, `output.1.count`, `retry-after`. */
  at: string;
}

/** Reports a warning about one place. Readers take it as an optional argument. */
export type ReportWarning<Code extends string = ReadingWarningCode> = (code: Code) => void;

/** The warnings about one answer, or about all answers to one export or request. */
export interface WarningCollector<Code extends string = ReadingWarningCode> {
  /** Reports warnings about this place. A warning that is known already is not added again. */
  at(place: string): ReportWarning<Code>;
  /** The first warnings, in the order in which they came; at most 100 of them. */
  readonly warnings: readonly ReadingWarning<Code>[];
  /** How many warnings there were by code, those beyond the first 100 included. */
  counts(): Partial<Record<Code, number>>;
}

const mostWarnings = 100;
const mostPlaces = 100_000;

/**
 * Collects warnings. Bounded, because a server's list may have 100,000 entries that are all wrong in the same way.
 * @typeParam Code the codes that may be reported: a wing adds its own to `ReadingWarningCode`
 */
export function warningCollector<Code extends string = ReadingWarningCode>(): WarningCollector<Code> {
  const warnings: ReadingWarning<Code>[] = [];
  const known = new Set<string>();
  const counts = new Map<Code, number>();
  return {
    warnings,
    counts: () => Object.fromEntries(counts) as Partial<Record<Code, number>>,
    at: (place) => (code) => {
      const id = `${code} ${place}`;
      if (known.has(id)) return;
      if (known.size < mostPlaces) known.add(id);
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (warnings.length < mostWarnings) warnings.push({ code, at: place });
    },
  };
}
