/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const apiLogCodes = {
  API_CALL_ANSWERED: "A call was answered.",
} as const;
