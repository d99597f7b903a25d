/** Ledger items of exports (`platform/ledger/ledger-keys.ts`). */
export const exportLedgerKeys = {
  /** Where the next incremental export of a scope goes on. */
  checkpoint: "checkpoint#",
} as const;
