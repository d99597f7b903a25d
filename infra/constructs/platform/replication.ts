import { Arn, ArnFormat, Aws, Duration, Validations } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";
import type * as sns from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { ReplicaSettings } from "../../settings/platform.ts";
import { acknowledgeWildcard } from "./acknowledge-wildcard.ts";
import { addAlarm } from "./add-alarm.ts";
import { viaService } from "./via-service.ts";

export interface ReplicationProps {
  source: s3.Bucket;
  /** The source's name as text. The role must not refer to the bucket, which refers to the role. */
  sourceName: string;
  /** The keys to copy begin with it; "" for all. */
  prefix: string;
  key: kms.IKey;
  settings: ReplicaSettings;
  /** Hears of objects that could not be copied. */
  topic: sns.ITopic;
  /** What is copied, as the alarm's recipient reads it. */
  what: string;
}

/**
 * Copies the objects of a bucket, with their retention, to a bucket of the user's. Deletions are not copied: whoever deletes an
 * object here does not delete the copy. Objects that were there before are not copied either (docs/replication.md).
 *
 * Source: Amazon S3, "Setting up permissions for live replication", "Replicating encrypted objects", "Object Lock considerations" and
 * "Using S3 Replication metrics".
 */
export class Replication extends Construct {
  constructor(scope: Construct, id: string, props: ReplicationProps) {
    super(scope, id);
    const { source, prefix, settings, topic, what, sourceName } = props;
    const { bucketArn, keyArn, accountId } = settings;
    const ruleId = prefix.replace(/\/$/, "") || "everything";
    const bucket = source.node.defaultChild as s3.CfnBucket;
    bucket.replicationConfiguration = {
      role: this.#role(props).roleArn,
      rules: [
        {
          id: ruleId,
          priority: 1,
          status: "Enabled",
          filter: { prefix },
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: {
            bucket: bucketArn,
            encryptionConfiguration: { replicaKmsKeyId: keyArn },
            metrics: { status: "Enabled" },
            ...(accountId !== undefined && { account: accountId, accessControlTranslation: { owner: "Destination" } }),
          },
        },
      ],
    };
    addAlarm(this, "Failed", topic, {
      // S3 publishes this metric in the region of the source.
      metric: new cloudwatch.Metric({
        namespace: "AWS/S3",
        metricName: "OperationsFailedReplication",
        dimensionsMap: { SourceBucket: sourceName, DestinationBucket: resourceOf(bucketArn), RuleId: ruleId },
        statistic: cloudwatch.Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 1,
      description: `S3 could not copy ${what} to ${resourceOf(bucketArn)}.`,
      runbook: "replication-failed",
    });
  }

  #role({ sourceName, prefix, key, settings }: ReplicationProps): iam.Role {
    const { bucketArn, keyArn, accountId } = settings;
    const role = new iam.Role(this, "Role", { assumedBy: new iam.ServicePrincipal("s3.amazonaws.com") });
    const allow = (actions: string[], resource: string, conditions: Record<string, Record<string, string>> = {}) =>
      role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource], conditions }));
    const sourceArn = `arn:${Aws.PARTITION}:s3:::${sourceName}`;
    const [objects, copies] = [`${sourceArn}/${prefix}*`, `${bucketArn}/${prefix}*`];
    allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], sourceArn);
    allow(readForReplication, objects);
    const owner = accountId === undefined ? [] : ["s3:ObjectOwnerOverrideToBucketOwner"];
    allow(["s3:ReplicateObject", "s3:ReplicateTags", ...owner], copies);
    allow(["kms:Decrypt"], key.keyArn, viaService(this, "s3"));
    // An object with an S3 Bucket Key keeps it in the copy, and S3 then decrypts the destination's bucket key as well.
    allow(["kms:Decrypt", "kms:Encrypt"], keyArn, viaService(this, "s3", regionOf(keyArn)));
    const reason = "S3 copies every object of the rule, so the wildcard stands for the rest of the key.";
    acknowledgeWildcard(role, objects, reason);
    acknowledgeWildcard(role, copies, reason);
    Validations.of(role).acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The replication has a role of its own, and the policy belongs to that role only.",
    });
    return role;
  }
}

/** Reads of object versions. S3 copies the retention of a version only if it may read it. */
const readForReplication = [
  "s3:GetObjectLegalHold",
  "s3:GetObjectRetention",
  "s3:GetObjectVersionAcl",
  "s3:GetObjectVersionForReplication",
  "s3:GetObjectVersionTagging",
];

const resourceOf = (bucketArn: string): string => Arn.split(bucketArn, ArnFormat.NO_RESOURCE_NAME).resource;

const regionOf = (keyArn: string): string | undefined => Arn.split(keyArn, ArnFormat.SLASH_RESOURCE_NAME).region;
