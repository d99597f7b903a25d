import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { AwsAccess } from "../stage-outputs.ts";

/** A client of S3 for AWS, or for an endpoint of one's own. */
export function s3Client(access: AwsAccess): S3Client {
  // With an endpoint of its own, the name of a bucket cannot be part of the host.
  const forcePathStyle = access.endpoint !== undefined || process.env["AWS_ENDPOINT_URL"] !== undefined;
  return new S3Client({ ...access, forcePathStyle });
}

/**
 * Reads a configuration of a bucket. S3 answers with an error if it is not set.
 * @param unset the name of that error
 * @returns undefined if it is not set
 */
export async function ifSet<Answer>(unset: string, read: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === unset) return undefined;
    throw error;
  }
}
