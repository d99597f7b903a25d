/** The ledger items of exports (`platform/ledger/ledger-keys.ts`). */
export const exportLedgerKeys = {
  /** The checkpoint from which the next incremental export of a scope continues. */
  checkpoint: "checkpoint#",
} as const;
