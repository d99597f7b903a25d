/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const sessionLogCodes = {
  SESSION_TOKEN_ANSWER_UNREADABLE: "Members of the token endpoint's answer cannot be read; they count as unsaid.",
  SESSION_END_UNPUBLISHED: "The end of a user session could not be published, or not be marked as published.",
  LINK_END_UNPUBLISHED: "The end of a link's launch could not be published, or not be marked as published.",
  LINK_TOKEN_UNREVOKED: "The server did not revoke a refresh token that the bridge has given up.",
} as const;

export type SessionLogCode = keyof typeof sessionLogCodes;
