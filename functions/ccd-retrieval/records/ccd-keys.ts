/*
 * The keys of CCD requests in the landing bucket. `ccds/` holds documents that proved to be the right patient's,
 * `quarantine/` holds answers that the bridge refused, and `audit/ccds/` holds the facts about each request.
 */

/** A fact about a CCD request. */
export const ccdAuditKey = (requestId: string, fact: string): string =>
  `audit/ccds/${encodeURIComponent(requestId)}/${fact}.json`;

/** A document of a CCD request, numbered from 1. */
export const ccdDocumentKey = (requestId: string, number: number): string => `ccds/${requestId}/${number}.xml`;
/** The list of a CCD request's documents. */
export const ccdIndexKey = (requestId: string): string => `ccds/${requestId}/documents.json`;

/** A refused answer, byte for byte as the server sent it. */
export const quarantinedAnswerKey = (requestId: string): string => `quarantine/ccds/${requestId}/answer`;
/** Why the answer was refused. */
export const quarantineReasonKey = (requestId: string): string => `quarantine/ccds/${requestId}/reason.json`;
