import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { ccdIndexKey } from "./ccd-keys.ts";

/** Seconds for which a link to a document is valid. */
const linkSeconds = 60;

/** The documents of CCD requests that are ready, and links to them (`entry.ts` describes both functions). */
export function ccdDocumentLinks(s3: S3Client, bucket: LandingBucket) {
  return {
    index: (requestId: string): Promise<CcdDocuments> => bucket.getJson(ccdIndexKey(requestId), ccdDocuments),
    link: (Key: string): Promise<string> =>
      getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket.name, Key }), { expiresIn: linkSeconds }),
  };
}
