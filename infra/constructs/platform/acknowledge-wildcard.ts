import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Tells cdk-nag's rule IAM5 why a resource in a policy contains a wildcard. The rule wants each such resource by its exact
 * text, so a wildcard that is added later still fails.
 * @throws Error if the resource is built from CloudFormation functions other than `Ref`, `Fn::Join` and `Fn::ImportValue`
 */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  const name = asNagPrints(Stack.of(scope).resolve(resource));
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
}

/** An ARN with its CloudFormation references as cdk-nag prints them: `arn:<AWS::Partition>:s3:::name/*`. */
function asNagPrints(resolved: unknown): string {
  if (typeof resolved === "string") return resolved;
  const {
    Ref: reference,
    "Fn::Join": join,
    "Fn::ImportValue": imported,
  } = resolved as { Ref?: string; "Fn::Join"?: [string, unknown[]]; "Fn::ImportValue"?: string };
  if (reference !== undefined) return `<${reference}>`;
  if (imported !== undefined) return imported;
  if (join !== undefined) return join[1].map(asNagPrints).join(join[0]);
  throw new Error(`cannot tell how cdk-nag prints this resource: ${JSON.stringify(resolved)}. Build its ARN as text.`);
}
