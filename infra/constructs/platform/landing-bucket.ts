import { Duration, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { bucketPrefixes } from "#platform/bucket/object-keys.ts";
import type { RetentionSettings } from "../../settings/platform.ts";
import { removalOf } from "./kept-data.ts";

export interface LandingBucketProps {
  bucketName: string;
  key: kms.IKey;
  retention: RetentionSettings;
}

/** The bucket for exports, documents and the bridge's records: encrypted, versioned, private and reached by TLS only. */
export class LandingBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { bucketName, key, retention }: LandingBucketProps) {
    super(scope, id);
    const keep = removal(retention);
    this.bucket = new s3.Bucket(this, "Bucket", {
      bucketName,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      versioned: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      serverAccessLogsBucket: this.#accessLogs(retention, keep),
      lifecycleRules: lifecycle(retention),
      ...keep,
    });
    this.#protectAuditTrail(retention);
    Validations.of(this.bucket).acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason: "IntegraConnect still has the data and can export it again. A second region is the user's decision.",
    });
  }

  /** Audit facts, below `audit/`, are written once. No principal can replace them, and only the lifecycle rule deletes them. */
  #protectAuditTrail({ removeWithStack }: RetentionSettings): void {
    const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, string>> = {}) =>
      this.bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions,
          resources: [this.bucket.arnForObjects(`${bucketPrefixes.audit}*`)],
          conditions,
        }),
      );
    deny("AuditIsWrittenOnce", ["s3:PutObject"], { Null: { "s3:if-none-match": "true" } });
    // A stage that deletes its data with its stack has to empty the bucket first.
    if (!removeWithStack) deny("AuditIsNotDeleted", ["s3:DeleteObject", "s3:DeleteObjectVersion"]);
  }

  #accessLogs(retention: RetentionSettings, keep: ReturnType<typeof removal>): s3.Bucket {
    const logs = new s3.Bucket(this, "AccessLogs", {
      // S3 delivers access logs only to buckets with S3-managed encryption.
      encryption: s3.BucketEncryption.S3_MANAGED,
      versioned: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [
        { id: "expire", expiration: Duration.days(retention.logDays), noncurrentVersionExpiration: Duration.days(1) },
      ],
      ...keep,
    });
    const validations = Validations.of(logs);
    validations.acknowledge({
      id: "HIPAA.Security-S3DefaultEncryptionKMS",
      reason: "S3 delivers server access logs only to buckets with S3-managed encryption.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason: "Access logs stay in one region for their retention, like the data that they are about.",
    });
    for (const id of ["AwsSolutions-S1", "HIPAA.Security-S3BucketLoggingEnabled"]) {
      validations.acknowledge({
        id,
        reason: "This bucket receives the access logs. Logging its own access into it would never end.",
      });
    }
    return logs;
  }
}

function removal(retention: RetentionSettings) {
  return { removalPolicy: removalOf(retention), ...(retention.removeWithStack && { autoDeleteObjects: true }) };
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
