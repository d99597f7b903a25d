import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";

export interface LandingBucketProps {
  bucketName: string;
  key: kms.IKey;
  retention: StageSettings["retention"];
}

/** The bucket that exports and documents land in: encrypted, versioned, private, TLS only, purged by the stage's retention. */
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
      reason: "An export can be made again from its source at any time; a second region is the user's decision.",
    });
  }

  /** Facts below `audit/` are written once: nothing there is replaced, and nobody deletes it but the lifecycle. */
  #protectAuditTrail({ removeWithStack }: StageSettings["retention"]): void {
    const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, string>> = {}) =>
      this.bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions,
          resources: [this.bucket.arnForObjects("audit/*")],
          conditions,
        }),
      );
    deny("AuditIsWrittenOnce", ["s3:PutObject"], { Null: { "s3:if-none-match": "true" } });
    // A stage whose data goes with its stack empties its bucket first.
    if (!removeWithStack) deny("AuditIsNotDeleted", ["s3:DeleteObject", "s3:DeleteObjectVersion"]);
  }

  #accessLogs(retention: StageSettings["retention"], keep: ReturnType<typeof removal>): s3.Bucket {
    const logs = new s3.Bucket(this, "AccessLogs", {
      // S3 delivers access logs to buckets with S3-managed encryption only.
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
      reason: "S3 does not deliver server access logs to a bucket with KMS encryption.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason: "Access logs are kept for their retention in one region, as the data they tell of.",
    });
    for (const id of ["AwsSolutions-S1", "HIPAA.Security-S3BucketLoggingEnabled"]) {
      validations.acknowledge({
        id,
        reason: "This is the bucket of the access logs: logging it into itself would never end.",
      });
    }
    return logs;
  }
}

function removal({ removeWithStack }: StageSettings["retention"]) {
  return removeWithStack
    ? { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }
    : { removalPolicy: RemovalPolicy.RETAIN };
}

function lifecycle(retention: StageSettings["retention"]): s3.LifecycleRule[] {
  const oldVersions = { noncurrentVersionExpiration: Duration.days(retention.oldVersionDays) };
  return [
    {
      id: "exports",
      prefix: "exports/",
      ...(retention.exportDays === undefined ? {} : { expiration: Duration.days(retention.exportDays) }),
      ...oldVersions,
    },
    { id: "work", prefix: "work/", expiration: Duration.days(retention.workDays), ...oldVersions },
    {
      id: "ccds",
      prefix: "ccds/",
      ...(retention.ccdDays === undefined ? {} : { expiration: Duration.days(retention.ccdDays) }),
      ...oldVersions,
    },
    { id: "quarantine", prefix: "quarantine/", expiration: Duration.days(retention.quarantineDays), ...oldVersions },
    { id: "audit", prefix: "audit/", expiration: Duration.days(retention.auditDays), ...oldVersions },
    // Uploads are aborted where they fail; this is for those whose Lambda died.
    { id: "uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
  ];
}
