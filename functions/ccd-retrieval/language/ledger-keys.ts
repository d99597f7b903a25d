/** Ledger items of requests for CCDs (`platform/ledger/ledger-keys.ts`). */
export const ccdLedgerKeys = {
  /** A request for CCDs: the one record that names its patient. */
  ccdRequest: "ccd#",
  /** Which of our requests one of IntegraConnect's requests belongs to. */
  serverRequest: "ccd-server#",
} as const;
