import { Stack, Validations } from "aws-cdk-lib";
import * as cloudtrail from "aws-cdk-lib/aws-cloudtrail";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { auditPrefixes, bucketPrefixes, readsPrefix } from "#platform/bucket/object-keys.ts";
import { trailName } from "./kept-data-names.ts";

export interface ReadTrailProps {
  stage: string;
  key: kms.Key;
  landing: s3.Bucket;
  /** The bucket whose audit records are watched, and which receives the trail. */
  audit: s3.Bucket;
}

/** The prefixes of the landing bucket whose objects can hold PHI or audit facts. The bridge's own records hold neither. */
const watched = [bucketPrefixes.exports, bucketPrefixes.ccds, bucketPrefixes.quarantine, bucketPrefixes.audit];

/**
 * Records who read which object, by a trail of CloudTrail. It records reads only, and none below its own prefix: so what it writes
 * never makes it write again, nor does the replication of what it wrote. CloudTrail sends a Content-MD5, which S3 demands for a
 * bucket whose Object Lock has a default retention.
 *
 * Source: CloudTrail, "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for CloudTrail" and "Filtering data
 * events by using advanced event selectors".
 */
export class ReadTrail extends Construct {
  constructor(scope: Construct, id: string, { stage, key, landing, audit }: ReadTrailProps) {
    super(scope, id);
    const resourceName = trailName(stage);
    const trailArn = Stack.of(this).formatArn({ service: "cloudtrail", resource: "trail", resourceName });
    admitTrail(audit, trailArn);
    admitToKey(key, trailArn);
    const arns = [
      ...watched.map((prefix) => landing.arnForObjects(prefix)),
      ...Object.values(auditPrefixes).map((prefix) => audit.arnForObjects(prefix)),
    ];
    const trail = new cloudtrail.CfnTrail(this, "Trail", {
      trailName: resourceName,
      isLogging: true,
      s3BucketName: audit.bucketName,
      s3KeyPrefix: readsPrefix.replace(/\/$/, ""),
      kmsKeyId: key.keyArn,
      enableLogFileValidation: true,
      isMultiRegionTrail: false,
      includeGlobalServiceEvents: false,
      advancedEventSelectors: [
        {
          name: "Reads of objects",
          fieldSelectors: [
            { field: "eventCategory", equalTo: ["Data"] },
            { field: "resources.type", equalTo: ["AWS::S3::Object"] },
            { field: "readOnly", equalTo: ["true"] },
            { field: "resources.ARN", startsWith: arns },
          ],
        },
      ],
    });
    // CloudTrail tries to write when the trail is created.
    if (audit.policy !== undefined) trail.node.addDependency(audit.policy);
    Validations.of(trail).acknowledge({
      id: "HIPAA.Security-CloudTrailCloudWatchLogsEnabled",
      reason: "The trail is evidence of who read what. It is kept in the locked audit bucket, and raises no alarms.",
    });
  }
}

const ofTrail = (trailArn: string) => ({ "aws:SourceArn": trailArn });

function admitTrail(bucket: s3.Bucket, trailArn: string): void {
  const cloudTrail = [new iam.ServicePrincipal("cloudtrail.amazonaws.com")];
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: "TrailChecksBucket",
      principals: cloudTrail,
      actions: ["s3:GetBucketAcl"],
      resources: [bucket.bucketArn],
      conditions: { StringEquals: ofTrail(trailArn) },
    }),
  );
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: "TrailWritesReads",
      principals: cloudTrail,
      actions: ["s3:PutObject"],
      resources: [bucket.arnForObjects(`${readsPrefix}AWSLogs/${Stack.of(bucket).account}/*`)],
      conditions: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", ...ofTrail(trailArn) } },
    }),
  );
}

function admitToKey(key: kms.Key, trailArn: string): void {
  const allow = (sid: string, actions: string[], conditions: Record<string, Record<string, string>>) =>
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        principals: [new iam.ServicePrincipal("cloudtrail.amazonaws.com")],
        actions,
        resources: ["*"],
        conditions,
      }),
    );
  allow("TrailEncrypts", ["kms:DescribeKey", "kms:GenerateDataKey*"], { StringEquals: ofTrail(trailArn) });
  // A bucket with an S3 Bucket Key needs it. AWS documents no condition for it, so the trail's name counts only if it is given.
  allow("TrailUsesBucketKey", ["kms:Decrypt"], { StringEqualsIfExists: ofTrail(trailArn) });
}
