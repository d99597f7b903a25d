/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const sessionLogCodes = {
  SESSION_TOKEN_ANSWER_UNREADABLE: "Members of the token endpoint's answer cannot be read; they count as unsaid.",
  SMART_CONFIGURATION_INCOMPLETE: "The server's SMART configuration lacks something that the bridge can do without.",
  SESSION_END_UNPUBLISHED: "The end of a user session could not be published, or not be marked as published.",
  LINK_END_UNPUBLISHED: "The end of a link or of its launch could not be published, or not be marked as published.",
  LINK_END_SWEPT: "A sweep published an end of a link that another process should have published.",
  LINK_NOT_SETTLED: "A sweep could not settle a link.",
  LINKS_SWEPT: "A sweep has looked at the links that no process carries on.",
  LINK_TOKEN_UNREVOKED: "The server did not revoke a refresh token that the bridge has given up.",
} as const;

export type SessionLogCode = keyof typeof sessionLogCodes;
