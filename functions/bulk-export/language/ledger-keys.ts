/** The ledger items of exports (`platform/ledger/ledger-keys.ts`). */
export const exportLedgerKeys = {
  /** The checkpoint from which the next incremental export of a scope continues. */
  checkpoint: "checkpoint#",
  /** A run whose end was not published yet. */
  openRun: "open-run#",
  /** The progress of an export, for people. */
  progress: "export#",
  /** Which files of an export landed. */
  fileProgress: "export-files#",
} as const;
