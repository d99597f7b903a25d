import { auditPrefixes, bucketPrefixes } from "#platform/bucket/object-keys.ts";

const { ccds, pages, quarantine } = bucketPrefixes;

/**
 * The keys of a CCD request's objects. `ccds/` holds documents that proved to be the right patient's, `pages/` holds large
 * pages of them for a day, and `quarantine/` holds answers that the bridge refused.
 */
export const ccdKeys = {
  /** A document, numbered from 1. */
  document: `${ccds}{requestId}/{number}.xml`,
  /** The list of a CCD request's documents. */
  index: `${ccds}{requestId}/documents.json`,
  /** A document as a page for people, if it is too large for a response. */
  page: `${pages}{requestId}/{number}.html`,
  /** A refused answer, byte for byte as the server sent it. */
  refusedAnswer: `${quarantine}ccds/{requestId}/answer`,
  /** Why the answer was refused. */
  refusal: `${quarantine}ccds/{requestId}/reason.json`,
} as const;

/** The keys of a CCD request's facts in the audit bucket. They are written once. */
export const ccdAuditKeys = { fact: `${auditPrefixes.ccds}{requestId}/{fact}.json` } as const;
