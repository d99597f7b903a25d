import { Stack } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * The condition that a key is used through a service of AWS, in one region. The value is the service's endpoint, so it ends with
 * the partition's own suffix: `s3.cn-north-1.amazonaws.com.cn` in China (AWS KMS, "kms:ViaService").
 * @param region if absent, the stack's region
 */
export function viaService(
  scope: IConstruct,
  service: "dynamodb" | "s3",
  region?: string,
): { StringEquals: { "kms:ViaService": string } } {
  const stack = Stack.of(scope);
  return { StringEquals: { "kms:ViaService": `${service}.${region ?? stack.region}.${stack.urlSuffix}` } };
}
