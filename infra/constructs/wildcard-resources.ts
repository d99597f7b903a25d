import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Says why a policy's resource holds a wildcard, to cdk-nag's IAM5: it wants each one named exactly, and any other that
 * creeps in later still fails.
 */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  const name = asNagPrints(Stack.of(scope).resolve(resource));
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
}

/** An ARN with its CloudFormation references as cdk-nag prints them: `arn:<AWS::Partition>:s3:::name/*`. */
function asNagPrints(resolved: unknown): string {
  if (typeof resolved === "string") return resolved;
  const { Ref: reference, "Fn::Join": join } = resolved as { Ref?: string; "Fn::Join"?: [string, unknown[]] };
  if (reference !== undefined) return `<${reference}>`;
  if (join !== undefined) return join[1].map(asNagPrints).join(join[0]);
  throw new Error(`a wildcard below something that is no known ARN: ${JSON.stringify(resolved)}`);
}
