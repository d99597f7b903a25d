import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type CcdDocuments, ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { ccdIndexKey } from "./ccd-keys.ts";

/** How long a link to a document is good. */
export const linkSeconds = 60;

/** Landed documents, for those who may have them. */
export interface CcdDocumentLinks {
  /** What landed for a request that is ready. */
  index(requestId: string): Promise<CcdDocuments>;
  /** A URL under which anybody can read the document for a minute: it is to be told to its caller only, and logged nowhere. */
  link(key: string): Promise<string>;
}

export function ccdDocumentLinks(s3: S3Client, bucket: LandingBucket): CcdDocumentLinks {
  return {
    index: (requestId) => bucket.getJson(ccdIndexKey(requestId), ccdDocuments),
    link: (Key) => getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket.name, Key }), { expiresIn: linkSeconds }),
  };
}
