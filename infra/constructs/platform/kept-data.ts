import { RemovalPolicy } from "aws-cdk-lib";
import type { RetentionSettings } from "../../settings/platform.ts";

/**
 * What happens to data when its stack is deleted. Kept data survives its stack, but not the deployment that creates it: if
 * that deployment fails, CloudFormation deletes the empty resources, and the deployment can be repeated under the same names.
 */
export const removalOf = ({ removeWithStack }: RetentionSettings): RemovalPolicy =>
  removeWithStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
