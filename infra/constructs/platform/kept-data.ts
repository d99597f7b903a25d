import { RemovalPolicy } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import type { LogGroupProps } from "aws-cdk-lib/aws-logs";
import type { BucketProps } from "aws-cdk-lib/aws-s3";
import type { RetentionSettings } from "../../settings/platform.ts";

/**
 * What happens to data when its stack is deleted. Kept data survives its stack, but not the deployment that creates it: if
 * that deployment fails, CloudFormation deletes the empty resources, and the deployment can be repeated under the same names.
 */
export const removalOf = ({ removeWithStack }: RetentionSettings): RemovalPolicy =>
  removeWithStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** What happens to a bucket when its stack is deleted. CloudFormation deletes empty buckets only, so the CDK empties it first. */
export const bucketRemoval = (
  retention: RetentionSettings,
): Pick<BucketProps, "removalPolicy" | "autoDeleteObjects"> => ({
  removalPolicy: removalOf(retention),
  ...(retention.removeWithStack && { autoDeleteObjects: true }),
});

/** What all log groups of a stage have in common. */
export type LogSettings = Pick<LogGroupProps, "retention" | "encryptionKey" | "removalPolicy">;

/** The log groups of a stage are encrypted, and those of a stage that keeps data outlive their stack: they show who did what. */
export const logSettings = (retention: RetentionSettings, key: kms.IKey): LogSettings => ({
  retention: retention.logDays,
  encryptionKey: key,
  removalPolicy: removalOf(retention),
});
