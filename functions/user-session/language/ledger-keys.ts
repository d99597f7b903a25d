/** Ledger items of user sessions (`platform/ledger/ledger-keys.ts`). */
export const sessionLedgerKeys = {
  /** A user session with its tokens. */
  userSession: "user-session#",
  /** A link: who it belongs to, its newest launch, and who signed in. */
  link: "link#",
} as const;
