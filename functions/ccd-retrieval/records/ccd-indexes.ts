import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { ccdIndexKey } from "./ccd-keys.ts";

/** The lists of the documents of CCD requests that are ready. */
export function ccdIndexes(bucket: Pick<LandingBucket, "getJson">) {
  return {
    index: (requestId: string): Promise<CcdDocuments> => bucket.getJson(ccdIndexKey(requestId), ccdDocuments),
  };
}
