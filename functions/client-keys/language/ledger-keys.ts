/** Ledger items of the client's keys (`platform/ledger/ledger-keys.ts`). They hold public keys only. */
export const clientKeyLedgerKeys = {
  /** The public keys of a client, with the times of their lives. */
  clientKeys: "client-keys#",
} as const;
