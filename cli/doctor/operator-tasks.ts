import { GetRoleCommand, IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsAccess } from "../stage-outputs.ts";
import type { CallerPorts, OperatorTask } from "./permissions-check.ts";
import { isRefusal } from "./refusal.ts";

/** ARNs of a stage, for the simulation of an operator's permissions. */
export interface StageArns {
  stage: string;
  /** The stage's key. Partition, region and account are read from it. */
  keyArn: string;
  ledgerTable: string;
  rotationFunction: string;
}

/** What `npm run keys`, `npm run session` and this command do. */
export function operatorTasks({ stage, keyArn, ledgerTable, rotationFunction }: StageArns): OperatorTask[] {
  const [arn, partition, , region, account] = keyArn.split(":");
  const arnOf = (service: string, resource: string) => [arn, partition, service, region, account, resource].join(":");
  // Secrets Manager adds a hyphen and six characters to the name. A policy that ends with six question marks or * matches these.
  const secret = (part: string) => arnOf("secretsmanager", `secret:integra-bridge/${stage}/${part}-??????`);
  const readAndPut = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"];
  const invoke = ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"];
  return [
    { command: "npm run keys", actions: readAndPut, resource: secret("client") },
    {
      command: "npm run keys",
      actions: ["dynamodb:GetItem", "dynamodb:PutItem"],
      resource: arnOf("dynamodb", `table/${ledgerTable}`),
    },
    { command: "npm run keys", actions: ["kms:Decrypt", "kms:GenerateDataKey"], resource: keyArn },
    { command: "npm run keys", actions: invoke, resource: arnOf("lambda", `function:${rotationFunction}`) },
    { command: "npm run session", actions: readAndPut, resource: secret("user-session") },
    { command: "npm run session", actions: readAndPut, resource: secret("smart-client") },
  ];
}

type CallerReader = Pick<CallerPorts, "readCaller" | "simulate">;

/** Reads who calls, and lets IAM simulate what they may do. */
export function callerReader(access: AwsAccess): CallerReader {
  const iam = new IAMClient(access);
  return {
    readCaller: async () => {
      const { Arn = "an unknown identity" } = await new STSClient(access).send(new GetCallerIdentityCommand({}));
      return Arn;
    },
    simulate: async (caller, { actions, resource }) => {
      try {
        const { EvaluationResults = [] } = await iam.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: await principalOf(iam, caller),
            ActionNames: [...actions],
            ResourceArns: [resource],
          }),
        );
        return EvaluationResults.flatMap(({ EvalActionName = "", EvalDecision }) =>
          EvalDecision === "allowed" ? [] : [EvalActionName],
        );
      } catch (error) {
        if (isRefusal(error)) return undefined;
        throw error;
      }
    },
  };
}

/**
 * The user or role behind an identity: a session of a role has the policies of the role. The ARN of a session lacks the path of its role,
 * which those of IAM Identity Center have.
 */
async function principalOf(iam: IAMClient, caller: string): Promise<string> {
  const RoleName = /:assumed-role\/([^/]+)\//.exec(caller)?.[1];
  if (RoleName === undefined) return caller;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  return Role?.Arn ?? caller;
}
