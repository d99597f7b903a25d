/*
 * The keys of the landing bucket for requests for CCDs. `ccds/` holds documents that were proven to be the right patient's,
 * `quarantine/` everything that was not, `audit/ccds/` the facts of each request.
 */

/** A fact of a request for CCDs. */
export const ccdAuditKey = (requestId: string, fact: string): string =>
  `audit/ccds/${encodeURIComponent(requestId)}/${fact}.json`;

/** A document of a request for CCDs, numbered from 1. */
export const ccdDocumentKey = (requestId: string, number: number): string => `ccds/${requestId}/${number}.xml`;
export const ccdIndexKey = (requestId: string): string => `ccds/${requestId}/documents.json`;

/** What the server sent, as it came, where it was refused; and why. */
export const quarantinedAnswerKey = (requestId: string): string => `quarantine/ccds/${requestId}/answer`;
export const quarantineReasonKey = (requestId: string): string => `quarantine/ccds/${requestId}/reason.json`;
