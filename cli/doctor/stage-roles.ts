import { CloudFormationClient, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import {
  GetRolePolicyCommand,
  IAMClient,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { type AwsAccess, stackName } from "../stage-outputs.ts";
import { stageResources } from "../stage-resources.ts";
import { statements } from "../templates/policies.ts";
import { type Resource, Synthesised, type Template } from "../templates/synthesised.ts";
import type { RolePermissions } from "./permissions-check.ts";
import { isRefusal } from "./refusal.ts";

/**
 * The roles of the deployed stacks: what their templates grant, and what IAM says they have. A permission is compared by its action,
 * whether it is for every resource, and whether it has a condition. The ARNs in a template are references.
 * @param parts the stage's stacks, by the last part of their names
 * @returns undefined if IAM does not let the caller read policies
 */
export async function readStageRoles(
  stage: string,
  parts: readonly string[],
  access: AwsAccess,
): Promise<RolePermissions[] | undefined> {
  const cloudFormation = new CloudFormationClient(access);
  const templates: Record<string, Template> = {};
  const physicalIds = new Map<string, string>();
  for (const part of parts) {
    const StackName = stackName(stage, part);
    const { TemplateBody = "{}" } = await cloudFormation.send(new GetTemplateCommand({ StackName }));
    templates[part] = JSON.parse(TemplateBody) as Template;
  }
  for await (const { part, logicalId, physicalId } of stageResources(cloudFormation, stage, parts))
    physicalIds.set(`${part}/${logicalId}`, physicalId);
  const resources = new Synthesised(templates).everyResource();
  const iam = new IAMClient(access);
  const roles: RolePermissions[] = [];
  try {
    for (const role of resources.filter(({ Type }) => Type === "AWS::IAM::Role")) {
      const roleName = physicalIds.get(`${role.stack}/${role.logicalId}`);
      if (roleName === undefined)
        throw new Error(`the role ${role.id} is in the template, and was not created: deploy again`);
      const name = `${role.stack}: ${role.id.replace(/\/Role$/, "")}`;
      roles.push({ name, granted: grantedTo(role, resources), actual: await permissionsOf(iam, roleName) });
    }
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
  return roles;
}

/** What the templates grant a role: by its own policies, by policies that are attached to it, and by AWS's managed policies. */
function grantedTo(role: Resource, resources: readonly Resource[]): string[] {
  const { ManagedPolicyArns = [], Policies = [] } = role.Properties as {
    ManagedPolicyArns?: unknown[];
    Policies?: { PolicyDocument: unknown }[];
  };
  const attached = resources.filter(
    ({ Type, stack, Properties }) =>
      Type === "AWS::IAM::Policy" &&
      stack === role.stack &&
      (Properties["Roles"] as unknown[]).includes(`<${role.id}>`),
  );
  const documents = [
    ...Policies.map(({ PolicyDocument }) => PolicyDocument),
    ...attached.map(({ Properties }) => Properties["PolicyDocument"]),
  ];
  return unique([...documents.flatMap(permissionsIn), ...ManagedPolicyArns.map((arn) => managed(JSON.stringify(arn)))]);
}

/** What IAM says that a role has. */
async function permissionsOf(client: IAMClient, RoleName: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName }))
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument = "" } = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      found.push(...permissionsIn(JSON.parse(decodeURIComponent(PolicyDocument))));
    }
  for await (const { AttachedPolicies = [] } of paginateListAttachedRolePolicies({ client }, { RoleName }))
    found.push(...AttachedPolicies.map(({ PolicyArn = "" }) => managed(PolicyArn)));
  return unique(found);
}

function permissionsIn(document: unknown): string[] {
  return statements(document).flatMap(({ Effect, actions, resources, Condition = {} }) =>
    actions.map((action) =>
      [
        ...(Effect === "Deny" ? ["not"] : []),
        action,
        ...(resources.includes("*") ? ["on *"] : []),
        ...(Object.keys(Condition).length > 0 ? ["under a condition"] : []),
      ].join(" "),
    ),
  );
}

const managed = (arn: string): string => `whatever ${/policy\/([\w/+=,.@-]+)/.exec(arn)?.[1] ?? arn} allows`;

const unique = (list: readonly string[]): string[] => [...new Set(list)].toSorted();
