import { Duration, Validations } from "aws-cdk-lib";
import * as s3 from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { RetentionSettings } from "../../settings/platform.ts";
import { privateBucket } from "./private-bucket.ts";

/** The bucket for the server access logs of the other buckets. */
export function accessLogBucket(scope: Construct, retention: RetentionSettings): s3.Bucket {
  const logs = new s3.Bucket(scope, "AccessLogs", {
    // S3 delivers access logs only to buckets with S3-managed encryption.
    encryption: s3.BucketEncryption.S3_MANAGED,
    ...privateBucket(retention),
    lifecycleRules: [
      { id: "expire", expiration: Duration.days(retention.logDays), noncurrentVersionExpiration: Duration.days(1) },
    ],
  });
  const validations = Validations.of(logs);
  validations.acknowledge({
    id: "HIPAA.Security-S3DefaultEncryptionKMS",
    reason: "S3 delivers server access logs only to buckets with S3-managed encryption.",
  });
  validations.acknowledge({
    id: "HIPAA.Security-S3BucketReplicationEnabled",
    reason: "Access logs are for operators. The audit trail, which can be copied, has what an auditor needs.",
  });
  for (const id of ["AwsSolutions-S1", "HIPAA.Security-S3BucketLoggingEnabled"]) {
    validations.acknowledge({
      id,
      reason: "This bucket receives the access logs. Logging its own access into it would never end.",
    });
  }
  return logs;
}
