/** Ledger items of user sessions (`platform/ledger/ledger-keys.ts`). */
export const sessionLedgerKeys = {
  /** A user session with its tokens. */
  userSession: "user-session#",
} as const;
