import { readingWarningCodes } from "#platform/http/reading/reading-warnings.ts";

/** The log codes of the platform, each with the sentence that its log lines carry. The runbook explains each. */
export const platformLogCodes = {
  STEP_FAILED: "The step failed.",
  ...readingWarningCodes,
} as const;
