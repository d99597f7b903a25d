import { S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { largeRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type LandingBucket, landingBucket } from "./landing-bucket.ts";

/** An S3 client without the SDK's default checksums: the bridge computes and sends its own. */
export const s3Client = (): S3Client =>
  new S3Client({
    ...largeRequests,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });

const bucketVariables = z.object({ LANDING_BUCKET: z.string().min(1) });

/** The bucket that the function's environment names. */
export function bucketFromEnvironment(s3: S3Client): LandingBucket {
  return landingBucket(s3, environment(bucketVariables).LANDING_BUCKET);
}
