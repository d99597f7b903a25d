/**
 * How the keys of the ledger's items begin, by their kind. Policies go by these: what a function has no business with, it
 * can neither read nor change.
 */
export const ledgerKeys = {
  /** Where exports of a scope go on. */
  checkpoint: "checkpoint#",
  /** Who has a level of export, or a user session. */
  lease: "lease#",
  /** A request for CCDs: the one place where its patient is named. */
  ccdRequest: "ccd#",
  /** Whose request one of IntegraConnect's is. */
  serverRequest: "ccd-server#",
  /** A user session with its tokens. */
  userSession: "user-session#",
} as const;

export type LedgerKey = keyof typeof ledgerKeys;
