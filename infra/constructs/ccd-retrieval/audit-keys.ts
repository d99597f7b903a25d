/** The key pattern of an audit fact about a request for CCDs, for any request. */
export const ccdAuditKeys = (fact: string): string => `audit/ccds/*/${fact}.json`;
