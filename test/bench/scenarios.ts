import type { ContenderName } from "./results.ts";

/** The files that all contenders download. */
export interface Scenario {
  name: string;
  files: number;
  /** The least size of each file. Files end with a whole record. */
  fileBytes: number;
  /** How many files the bridge downloads at once. The peers decide for themselves. */
  atOnce: number;
  rounds: number;
  contenders: readonly ContenderName[];
}

const mebibyte = 1024 * 1024;
const all = ["unverified", "integra-bridge", "smart-fetch", "bulk_fhir_fetch"] as const;
const allButSmartFetch = ["unverified", "integra-bridge", "bulk_fhir_fetch"] as const;
const ownPath = ["unverified", "integra-bridge"] as const;

export interface BenchOptions {
  /** Tiny files, one round: shows that the bench works, and measures nothing. */
  quick: boolean;
  /** Adds a file of 4 GiB. */
  large: boolean;
  /** Adds smart-fetch, and bulk_fhir_fetch if it is on the PATH. */
  peers: boolean;
  rounds: number;
}

export function scenariosOf({ quick, large, peers, rounds }: BenchOptions): Scenario[] {
  const contenders = peers ? all : ownPath;
  if (quick) {
    const once = { rounds: 1, contenders };
    return [
      { name: "3 files of 20 MiB", files: 3, fileBytes: 20 * mebibyte, atOnce: 1, ...once },
      { name: "20 files of 2 kB", files: 20, fileBytes: 2_000, atOnce: 4, ...once },
    ];
  }
  const usual: Scenario[] = [
    { name: "4 files of 200 MiB", files: 4, fileBytes: 200 * mebibyte, atOnce: 1, rounds, contenders },
    // smart-fetch would take minutes for each round.
    {
      name: "5,000 files of 2 kB",
      files: 5_000,
      fileBytes: 2_000,
      atOnce: 4,
      rounds,
      contenders: peers ? allButSmartFetch : ownPath,
    },
  ];
  const huge = { name: "1 file of 4 GiB", files: 1, fileBytes: 4096 * mebibyte, atOnce: 1, rounds: 1 };
  return large ? [...usual, { ...huge, contenders: ownPath }] : usual;
}
