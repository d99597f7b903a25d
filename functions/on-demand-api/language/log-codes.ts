/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const apiLogCodes = {
  API_CALL_ANSWERED: "A call was answered and recorded.",
  API_CALL_FAILED:
    "A call failed in the bridge or at IntegraConnect. The caller got an error with status 500 or above.",
  API_CALL_UNRECORDED:
    "The function could not start, or it could not record the call in the audit trail. The caller got an error instead of the result.",
  API_HEALTH_UNCHECKED:
    "A part of the stage could not be checked for GET /health. The answer says so, without the cause.",
} as const;
