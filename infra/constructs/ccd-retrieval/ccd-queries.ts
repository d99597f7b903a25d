import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import type { SavedQuery } from "../platform/saved-queries.ts";

/** The questions about CCD requests that an operator asks most (docs/runbook.md). */
export const ccdQueries = [
  {
    name: "What happened to one CCD request",
    codes: [],
    commands: [
      "fields @timestamp, level, code, message, reason",
      'filter requestId = "PUT THE REQUEST ID HERE"',
      "sort @timestamp asc",
      "limit 1000",
    ],
  },
  {
    name: "Which CCD requests failed, and why",
    codes: ["CCD_REQUEST_FAILED"],
    commands: ["fields @timestamp, requestId, fault, reason", "sort @timestamp desc"],
  },
  {
    name: "Which documents were refused or quarantined",
    codes: ["CCD_DOCUMENTS_REFUSED", "CCD_DOCUMENTS_QUARANTINED"],
    commands: ["fields @timestamp, requestId, code, reason, key", "sort @timestamp desc"],
  },
  {
    name: "Which CCD requests wait for which",
    codes: ["SESSION_LEASE_AWAITED"],
    commands: ["stats latest(holder) as heldBy, max(@timestamp) as at by requestId"],
  },
] as const satisfies (SavedQuery & { codes: readonly CcdLogCode[] })[];
