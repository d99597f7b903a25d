/** How the keys of this wing's ledger items begin (`platform/ledger/ledger-keys.ts`). */
export const ccdLedgerKeys = {
  /** The record of a CCD request: the only record that identifies the patient. */
  ccdRequest: "ccd#",
  /** A server request: which of our CCD requests it belongs to. */
  serverRequest: "ccd-server#",
} as const;
