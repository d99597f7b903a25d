/** One of the five groups that exist: the guide's "Supported Group IDs" under "Access Bulk Export API". */
export interface AgeGroup {
  readonly id: string;
  /** Youngest and oldest age in whole years that the data gives to members. */
  readonly youngest: number;
  readonly oldest: number;
}

/**
 * The guide does not say to which group a patient of exactly 5, 18, 35 or 55 years belongs,
 * so the data has no patient of those ages.
 */
export const AGE_GROUPS: readonly AgeGroup[] = [
  { id: "187419279", youngest: 0, oldest: 4 },
  { id: "275131468", youngest: 6, oldest: 17 },
  { id: "383681350", youngest: 19, oldest: 34 },
  { id: "424548118", youngest: 36, oldest: 54 },
  { id: "517483350", youngest: 56, oldest: 92 },
];

/** Ages are those on this date, so that the data has the same bytes on every day. */
export const REFERENCE_DATE = "2025-01-01";
