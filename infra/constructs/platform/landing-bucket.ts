import { Duration, Validations } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { bucketPrefixes } from "#platform/bucket/object-keys.ts";
import type { RetentionSettings } from "../../settings/platform.ts";
import { accessLogBucket } from "./access-log-bucket.ts";
import { refuseDeletion, refuseReplacement } from "./audit-bucket.ts";
import { encryptedWith, privateBucket } from "./private-bucket.ts";

export interface LandingBucketProps {
  bucketName: string;
  key: kms.IKey;
  retention: RetentionSettings;
  /** Whether S3 copies the quarantine elsewhere. */
  replicated: boolean;
}

/** The bucket for exports, documents and the bridge's records: encrypted, versioned, private and reached by TLS only. */
export class LandingBucket extends Construct {
  readonly bucket: s3.Bucket;
  /** Receives the server access logs of all buckets. */
  readonly accessLogs: s3.Bucket;

  constructor(scope: Construct, id: string, { bucketName, key, retention, replicated }: LandingBucketProps) {
    super(scope, id);
    this.accessLogs = accessLogBucket(this, retention);
    this.bucket = new s3.Bucket(this, "Bucket", {
      bucketName,
      ...privateBucket(retention),
      ...encryptedWith(key),
      serverAccessLogsBucket: this.accessLogs,
      lifecycleRules: lifecycle(retention),
    });
    const records = [bucketPrefixes.audit];
    refuseReplacement(this.bucket, records);
    refuseDeletion(this.bucket, records, retention);
    if (replicated) return;
    Validations.of(this.bucket).acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason:
        "IntegraConnect has the exports and documents. The setting replication.quarantine copies what only the bridge has.",
    });
  }
}

function lifecycle(retention: RetentionSettings): s3.LifecycleRule[] {
  const oldVersions = { noncurrentVersionExpiration: Duration.days(retention.oldVersionDays) };
  return [
    {
      id: "exports",
      prefix: bucketPrefixes.exports,
      ...(retention.exportDays === undefined ? {} : { expiration: Duration.days(retention.exportDays) }),
      ...oldVersions,
    },
    { id: "work", prefix: bucketPrefixes.work, expiration: Duration.days(retention.workDays), ...oldVersions },
    {
      id: "ccds",
      prefix: bucketPrefixes.ccds,
      ...(retention.ccdDays === undefined ? {} : { expiration: Duration.days(retention.ccdDays) }),
      ...oldVersions,
    },
    // A link to a page is valid for a minute. The page is made again for each call.
    {
      id: "pages",
      prefix: bucketPrefixes.pages,
      expiration: Duration.days(1),
      noncurrentVersionExpiration: Duration.days(1),
    },
    {
      id: "quarantine",
      prefix: bucketPrefixes.quarantine,
      expiration: Duration.days(retention.quarantineDays),
      ...oldVersions,
    },
    { id: "audit", prefix: bucketPrefixes.audit, expiration: Duration.days(retention.auditDays), ...oldVersions },
    // A function aborts its upload when it fails. This rule is for uploads of functions that ended without an abort.
    { id: "uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
  ];
}
