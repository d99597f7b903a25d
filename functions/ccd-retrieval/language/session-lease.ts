/** The lease by which a user session has one request for CCDs at a time. */
export const sessionLeaseName = (sessionId: string) => `ccd-session-${sessionId}` as const;
