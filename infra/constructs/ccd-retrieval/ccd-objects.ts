import type { CcdAuditFact } from "#ccd-retrieval/language/ccd-audit.ts";
import { ccdAuditKeys, ccdKeys } from "#ccd-retrieval/language/ccd-keys.ts";
import { keyPattern, keyPatterns } from "#platform/bucket/object-keys.ts";

/** The key patterns of every kind of a CCD request's objects, for any request. */
export const ccdObjects = keyPatterns(ccdKeys);

/** The key pattern of an audit fact about a CCD request, for any request. */
export const ccdFact = (fact: CcdAuditFact): string => keyPattern(ccdAuditKeys.fact, { fact });
