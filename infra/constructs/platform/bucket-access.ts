import { Aws } from "aws-cdk-lib";
import type { LambdaFunction } from "./lambda-function.ts";
import type { SharedResources } from "./shared-resources.ts";

/** Objects of the landing bucket, as key patterns. */
export interface BucketAccess {
  read?: string[];
  write?: string[];
  /**
   * Whether the function reads objects that may be missing, or lists objects. Without the right to list, S3 answers 403
   * for a missing object instead of 404.
   */
  list?: boolean;
}

/** Why key patterns contain wildcards. */
export const keyWildcardReason =
  "The wildcard stands for the id of an export or a request, and for the names of its files.";

/** The ARN of the objects that match a key pattern. */
export const objectsArn = ({ bucketName }: Pick<SharedResources, "bucketName">, pattern: string): string =>
  `arn:${Aws.PARTITION}:s3:::${bucketName}/${pattern}`;

/** Lets a function read and write these objects only, and use the key that encrypts them. */
export function grantBucket(shared: SharedResources, lambda: LambdaFunction, access: BucketAccess): void {
  const { read = [], write = [], list = false } = access;
  const objects = (patterns: string[]) => patterns.map((pattern) => objectsArn(shared, pattern));
  lambda.setEnvironment({ LANDING_BUCKET: shared.bucketName });
  if (read.length > 0) lambda.allow(["s3:GetObject"], objects(read), keyWildcardReason);
  if (write.length > 0) lambda.allow(["s3:PutObject"], objects(write), keyWildcardReason);
  if (list) lambda.allow(["s3:ListBucket"], [shared.bucket.bucketArn]);
  lambda.allow(write.length > 0 ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"], [shared.key.keyArn]);
}

/** Records of the audit bucket that a function adds, as key patterns, and whether it looks for records. */
export interface AuditAccess {
  add: string[];
  list?: boolean;
}

/** Lets a function add these records to the audit trail, and use the key that encrypts them. It can read no record. */
export function grantAudit(
  { auditBucketName, key }: SharedResources,
  lambda: LambdaFunction,
  { add, list = false }: AuditAccess,
): void {
  const bucketArn = `arn:${Aws.PARTITION}:s3:::${auditBucketName}`;
  const records = add.map((pattern) => `${bucketArn}/${pattern}`);
  lambda.setEnvironment({ AUDIT_BUCKET: auditBucketName });
  lambda.allow(["s3:PutObject"], records, keyWildcardReason);
  if (list) lambda.allow(["s3:ListBucket"], [bucketArn]);
  lambda.allow(["kms:GenerateDataKey"], [key.keyArn]);
}
