import type { ExportLogCode } from "#bulk-export/language/log-codes.ts";
import type { SavedQuery } from "../platform/saved-queries.ts";

/** The questions about exports that an operator asks most (docs/runbook.md). */
export const exportQueries = [
  {
    name: "What happened to one export",
    codes: [],
    commands: [
      "fields @timestamp, level, code, message, reason",
      // The reader puts the id here.
      'filter exportId = "PUT THE EXPORT ID HERE"',
      "sort @timestamp asc",
      "limit 1000",
    ],
  },
  {
    name: "Which exports failed, and why",
    codes: ["EXPORT_FAILED"],
    commands: ["fields @timestamp, exportId, fault, reason", "sort @timestamp desc"],
  },
  {
    name: "Which files failed, and why",
    codes: ["EXPORT_FILE_ATTEMPT_FAILED"],
    commands: ["stats count(*) as failures, max(attempts) as most by exportId, type, reason", "sort failures desc"],
  },
  {
    name: "How far the server is",
    codes: ["EXPORT_PROGRESS_REPORTED"],
    commands: ["stats latest(progress) as reported, latest(polls) as polled, max(@timestamp) as at by exportId"],
  },
  {
    name: "Which exports wait for which",
    codes: ["EXPORT_TURN_AWAITED"],
    commands: ["stats latest(holder) as heldBy, max(attempts) as tries, max(@timestamp) as at by exportId, level"],
  },
  {
    name: "What the exports warned of",
    codes: ["EXPORT_WARNED"],
    commands: ["stats sum(count) as warnings, latest(example) as place by exportId, warning", "sort warnings desc"],
  },
] as const satisfies (SavedQuery & { codes: readonly ExportLogCode[] })[];
