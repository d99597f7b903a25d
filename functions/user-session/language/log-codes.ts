/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const sessionLogCodes = {
  SESSION_END_UNPUBLISHED: "The end of a user session could not be published.",
} as const;
