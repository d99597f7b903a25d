import { RemovalPolicy } from "aws-cdk-lib";
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
