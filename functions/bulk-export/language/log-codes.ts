/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const exportLogCodes = {
  EXPORT_KICKED_OFF: "IntegraConnect accepted the export.",
} as const;
