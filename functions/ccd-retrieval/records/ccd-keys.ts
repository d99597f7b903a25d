import { ccdAuditKeys, ccdKeys } from "#ccd-retrieval/language/ccd-keys.ts";
import { objectKey } from "#platform/bucket/object-keys.ts";

/** A fact about a CCD request. */
export const ccdAuditKey = (requestId: string, fact: string): string =>
  objectKey(ccdAuditKeys.fact, { requestId: encodeURIComponent(requestId), fact });

/** A document of a CCD request, numbered from 1. */
export const ccdDocumentKey = (requestId: string, number: number): string =>
  objectKey(ccdKeys.document, { requestId, number: String(number) });
/** A large page of such a document. */
export const ccdPageKey = (requestId: string, number: number): string =>
  objectKey(ccdKeys.page, { requestId, number: String(number) });
/** The list of a CCD request's documents. */
export const ccdIndexKey = (requestId: string): string => objectKey(ccdKeys.index, { requestId });

/** A refused answer, byte for byte as the server sent it. */
export const quarantinedAnswerKey = (requestId: string): string => objectKey(ccdKeys.refusedAnswer, { requestId });
/** Why the answer was refused. */
export const quarantineReasonKey = (requestId: string): string => objectKey(ccdKeys.refusal, { requestId });
