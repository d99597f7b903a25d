import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import type { RetentionSettings } from "../../settings/platform.ts";
import { bucketRemoval } from "./kept-data.ts";

/** What every bucket of a stage has in common: it is versioned, private, reached by TLS only, and kept as long as the stage's data. */
export const privateBucket = (retention: RetentionSettings) =>
  ({
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    ...bucketRemoval(retention),
  }) satisfies s3.BucketProps;

/** Encrypts a bucket with the stage's key. */
export const encryptedWith = (encryptionKey: kms.IKey) =>
  ({ encryption: s3.BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }) satisfies s3.BucketProps;
