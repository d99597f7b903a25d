import { type CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";

/** How SDK clients reach AWS; from the environment if it is empty. */
export interface AwsAccess {
  endpoint?: string;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** A profile of the AWS configuration files. */
  profile?: string;
}

/** The name of a stack of a stage, such as `integra-bridge-prod-landing`. */
export const stackName = (stage: string, part: string): string => `integra-bridge-${stage}-${part}`;

/**
 * Reads outputs of a stage's stacks.
 * @throws Error if the stack does not exist, or has no such output
 */
export function outputsOf(cloudFormation: CloudFormationClient, stage: string) {
  return async (part: string, key: string): Promise<string> => {
    const StackName = stackName(stage, part);
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    const value = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
    if (value === undefined) throw new Error(`the stack ${StackName} has no output ${key}: deploy the stage first`);
    return value;
  };
}
