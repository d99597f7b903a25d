/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const ccdLogCodes = {
  CCD_REQUEST_FAILED: "A request for CCDs failed.",
} as const;
