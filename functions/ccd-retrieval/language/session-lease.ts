/** The name of the lease of a user session. Its holder is the one CCD request that may use the session's server requests. */
export const sessionLeaseName = (sessionId: string) => `ccd-session-${sessionId}` as const;
