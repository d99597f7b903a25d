import { Duration, Validations } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { auditPrefixes, readsPrefix } from "#platform/bucket/object-keys.ts";
import { type AuditSettings, lockModeOf, type RetentionSettings } from "../../settings/platform.ts";
import { encryptedWith, privateBucket } from "./private-bucket.ts";

export interface AuditBucketProps {
  bucketName: string;
  key: kms.IKey;
  retention: RetentionSettings;
  settings: AuditSettings;
  accessLogs: s3.IBucket;
  /** Whether S3 copies the bucket elsewhere. */
  replicated: boolean;
}

/** The bucket for the audit trail. S3 Object Lock keeps each version for `retention.auditDays`, and then the lifecycle rule deletes it. */
export class AuditBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: AuditBucketProps) {
    super(scope, id);
    const { bucketName, key, retention, accessLogs, replicated } = props;
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
    const records = Object.values(auditPrefixes);
    refuseReplacement(this.bucket, records);
    refuseOtherWriters(this.bucket);
    refuseDeletion(this.bucket, [...records, readsPrefix], retention);
    if (replicated) return;
    Validations.of(this.bucket).acknowledge({
      id: "HIPAA.Security-S3BucketReplicationEnabled",
      reason: "A second region or account is the user's decision, by the setting replication.audit.",
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

/** Denies every principal the replacement of a bucket's audit records. */
export function refuseReplacement(bucket: s3.Bucket, prefixes: string[]): void {
  deny(bucket, "AuditIsWrittenOnce", ["s3:PutObject"], prefixes, { Null: { "s3:if-none-match": "true" } });
}

/**
 * Denies every principal the deletion of a bucket's audit records. Only the lifecycle rule deletes them. A stage that deletes its
 * data with its stack has to empty the bucket first, so there they can be deleted.
 */
export function refuseDeletion(bucket: s3.Bucket, prefixes: string[], { removeWithStack }: RetentionSettings): void {
  if (removeWithStack) return;
  const actions = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"];
  deny(bucket, "AuditIsNotDeleted", actions, prefixes);
}

/** Only CloudTrail writes what it records about reads. CloudTrail sends no If-None-Match, so these records have a rule of their own. */
function refuseOtherWriters(bucket: s3.Bucket): void {
  deny(bucket, "ReadsAreWrittenByCloudTrail", ["s3:PutObject"], [readsPrefix], {
    // A request of a user or a role has no such name, and is denied as well (IAM, "aws:PrincipalServiceName").
    StringNotEquals: { "aws:PrincipalServiceName": "cloudtrail.amazonaws.com" },
  });
}

function deny(
  bucket: s3.Bucket,
  sid: string,
  actions: string[],
  prefixes: string[],
  conditions: Record<string, Record<string, string>> = {},
): void {
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
}
