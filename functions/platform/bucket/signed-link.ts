import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

/** Seconds for which a link is valid. */
const linkSeconds = 60;

/**
 * Signs a link to an object.
 * @returns a URL that opens the object for a minute without credentials: give it only to the caller, never log it
 */
export const signedLink = (s3: S3Client, bucket: string, key: string): Promise<string> =>
  getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: linkSeconds });
