import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as events from "aws-cdk-lib/aws-events";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";

/** What every wing uses: the stage's key, buckets, event bus and ledger. */
export interface SharedResources {
  /** Encrypts everything that the bridge stores. */
  readonly key: kms.Key;
  readonly bucket: s3.Bucket;
  /** The bucket's name as text. It is the same in every stack, so a policy that uses it adds no dependency on a stack. */
  readonly bucketName: string;
  /** The name of the audit bucket, as text. */
  readonly auditBucketName: string;
  readonly bus: events.EventBus;
  readonly ledger: dynamodb.Table;
}
