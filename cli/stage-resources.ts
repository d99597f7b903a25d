import { type CloudFormationClient, paginateListStackResources } from "@aws-sdk/client-cloudformation";
import { stackName } from "./stage-outputs.ts";

/** A resource that CloudFormation has created. */
export interface DeployedResource {
  /** The stack, by the last part of its name. */
  part: string;
  type: string;
  logicalId: string;
  physicalId: string;
}

/**
 * The resources of a stage's stacks.
 * @param parts the stacks, by the last part of their names
 */
export async function* stageResources(
  client: CloudFormationClient,
  stage: string,
  parts: readonly string[],
): AsyncGenerator<DeployedResource> {
  for (const part of parts)
    for await (const { StackResourceSummaries = [] } of paginateListStackResources(
      { client },
      { StackName: stackName(stage, part) },
    ))
      for (const { ResourceType: type, LogicalResourceId: logicalId, PhysicalResourceId } of StackResourceSummaries)
        if (type !== undefined && logicalId !== undefined && PhysicalResourceId !== undefined)
          yield { part, type, logicalId, physicalId: PhysicalResourceId };
}
