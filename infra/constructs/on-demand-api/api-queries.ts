import type { apiLogCodes } from "#on-demand-api/language/log-codes.ts";
import type { SavedQuery } from "../platform/saved-queries.ts";

/** The questions about the API that an operator asks most (docs/runbook.md). */
export const apiQueries = [
  {
    name: "Which calls failed, and why",
    codes: ["API_CALL_FAILED", "API_CALL_UNRECORDED"],
    commands: ["fields @timestamp, code, status, error.name, error.message", "sort @timestamp desc"],
  },
  {
    name: "How calls were answered",
    codes: ["API_CALL_ANSWERED"],
    commands: ["stats count(*) as calls by status, bin(1h)"],
  },
] as const satisfies (SavedQuery & { codes: readonly (keyof typeof apiLogCodes)[] })[];
