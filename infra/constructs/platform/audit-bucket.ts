import { Duration, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { auditPrefixes } from "#platform/bucket/object-keys.ts";
import { type AuditSettings, lockModeOf, type RetentionSettings } from "../../settings/platform.ts";
import { encryptedWith, privateBucket } from "./private-bucket.ts";

export interface AuditBucketProps {
  bucketName: string;
  key: kms.IKey;
  retention: RetentionSettings;
  settings: AuditSettings;
  accessLogs: s3.IBucket;
}

/** The bucket for the audit trail. S3 Object Lock keeps each version for `retention.auditDays`, and then the lifecycle rule deletes it. */
export class AuditBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: AuditBucketProps) {
    super(scope, id);
    const { bucketName, key, retention, accessLogs } = props;
    this.bucket = new s3.Bucket(this, "Bucket", {
      bucketName,
      ...privateBucket(retention),
      ...encryptedWith(key),
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: "audit-bucket/",
      lifecycleRules: [
        {
          id: "expire",
          expiration: Duration.days(retention.auditDays),
          noncurrentVersionExpiration: Duration.days(retention.oldVersionDays),
        },
      ],
    });
    this.#lock(props);
    refuseChanges(this.bucket, Object.values(auditPrefixes), retention);
    Validations.of(this.bucket).acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason: "A second region or account is the user's decision.",
    });
  }

  /**
   * Object Lock itself is always on: a bucket whose setting changes would be replaced (CloudFormation, "AWS::S3::Bucket",
   * `ObjectLockEnabled`), and its name would be taken. The settings change the default retention only.
   */
  #lock({ retention, settings }: AuditBucketProps): void {
    const mode = lockModeOf(settings, retention);
    const bucket = this.bucket.node.defaultChild as s3.CfnBucket;
    bucket.objectLockEnabled = true;
    bucket.objectLockConfiguration = {
      objectLockEnabled: "Enabled",
      ...(mode && { rule: { defaultRetention: { mode, days: retention.auditDays } } }),
    };
  }
}

/**
 * Denies every principal the replacement and the deletion of a bucket's audit records. Only the lifecycle rule deletes them. A stage
 * that deletes its data with its stack has to empty the bucket first, so there they can be deleted.
 */
export function refuseChanges(bucket: s3.Bucket, prefixes: string[], { removeWithStack }: RetentionSettings): void {
  const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, string>> = {}) =>
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions,
        resources: prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
        conditions,
      }),
    );
  deny("AuditIsWrittenOnce", ["s3:PutObject"], { Null: { "s3:if-none-match": "true" } });
  if (removeWithStack) return;
  deny("AuditIsNotDeleted", ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"]);
}
