import { type Finding, failed, ok, unchecked, warning } from "#platform/findings/findings.ts";
import { firstOf } from "../checks/findings.ts";

/** What an operator's command does, for the simulation of its permissions. */
export interface OperatorTask {
  /** Such as `npm run keys`. */
  command: string;
  actions: readonly string[];
  resource: string;
}

/** A role of the stage: what its template grants, and what IAM says it has. */
export interface RolePermissions {
  /** As in docs/permissions.md, such as `export: KeyRotation/RotateKey`. */
  name: string;
  granted: readonly string[];
  actual: readonly string[];
}

export interface CallerPorts {
  /** The ARN of the caller's identity, as STS says it. */
  readCaller: () => Promise<string>;
  tasks: () => Promise<readonly OperatorTask[]>;
  /** Which of the actions the caller may not do on the resource. Undefined if IAM does not let the caller ask. */
  simulate: (caller: string, task: OperatorTask) => Promise<readonly string[] | undefined>;
}

export interface RolesPorts {
  /** The stage's roles. Undefined if IAM does not let the caller read them. */
  readRoles: () => Promise<readonly RolePermissions[] | undefined>;
}

/** The operator's identity may do what the commands need. */
export const checkCaller =
  ({ readCaller, tasks, simulate }: CallerPorts) =>
  async (): Promise<Finding[]> => {
    const caller = await readCaller();
    if (caller.endsWith(":root"))
      return [ok(`${caller} may do everything. Use a role with fewer permissions for everyday work`)];
    const needed = await tasks();
    const findings: Finding[] = [];
    for (const task of needed) {
      const denied = await simulate(caller, task);
      if (denied === undefined)
        return [
          unchecked(
            `what ${caller} may do: iam:SimulatePrincipalPolicy is refused`,
            `allow it, or compare the policies with what the commands need: ${actionsOf(needed)}`,
          ),
        ];
      if (denied.length > 0)
        findings.push(
          warning(
            `${caller} may not ${denied.join(", ")} on ${task.resource}`,
            `${task.command} needs it: allow it, or run the command with another identity`,
          ),
        );
    }
    return findings.length > 0 ? findings : [ok(`${caller} may do what the commands need`)];
  };

const actionsOf = (tasks: readonly OperatorTask[]): string =>
  [...new Set(tasks.flatMap(({ actions }) => actions))].toSorted().join(", ");

/** The stage's roles may do what docs/permissions.md says, and no more. */
export const checkRoles =
  ({ readRoles }: RolesPorts) =>
  async (): Promise<Finding[]> => {
    const roles = await readRoles();
    if (roles === undefined)
      return [
        unchecked(
          "what the stage's roles may do: IAM refuses to show their policies",
          "allow iam:ListRolePolicies, iam:GetRolePolicy and iam:ListAttachedRolePolicies, or compare the roles with docs/permissions.md by hand",
        ),
      ];
    const findings = roles.flatMap(({ name, granted, actual }) => {
      const missing = granted.filter((grant) => !actual.includes(grant));
      const added = actual.filter((grant) => !granted.includes(grant));
      return [
        ...(missing.length === 0
          ? []
          : [
              failed(
                `the role ${name} lacks ${firstOf(missing)}`,
                `restore it as docs/permissions.md says (section ${name}): CloudFormation leaves alone what its template did not change`,
              ),
            ]),
        ...(added.length === 0
          ? []
          : [
              failed(
                `the role ${name} may also ${firstOf(added)}`,
                "find out who added it (CloudTrail: PutRolePolicy, AttachRolePolicy), and remove it",
              ),
            ]),
      ];
    });
    if (findings.length > 0) return findings;
    return [ok(`${roles.length} roles may do what their templates grant, and no more`)];
  };
