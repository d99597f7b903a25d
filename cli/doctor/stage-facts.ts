import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { listIndex } from "#platform/ledger/ledger-keys.ts";
import { sessionLedgerKeys } from "#user-session/language/ledger-keys.ts";
import { serviceSession } from "#user-session/language/service-session.ts";
import { linkRecords } from "#user-session/links/link-records.ts";
import { userSessions } from "#user-session/session-store.ts";
import type { AwsAccess } from "../stage-outputs.ts";
import { stageResources } from "../stage-resources.ts";
import type { KeysPorts } from "./keys-check.ts";
import type { SecretsPorts } from "./secrets-check.ts";
import { type ExaminedLink, type LinksPorts, mostLinks, type ServiceSessionPorts } from "./sessions-check.ts";
import type { DeployedFunction } from "./settings-check.ts";

/** Reads what a stage has, by the AWS SDK. Each method is a port of a check, and changes nothing. */
export interface StageFacts {
  readFunctions: () => Promise<DeployedFunction[]>;
  readSecret: SecretsPorts["readSecret"];
  describeKmsKey: KeysPorts["describeKmsKey"];
  readServiceSession: (ledgerTable: string) => ReturnType<ServiceSessionPorts["readServiceSession"]>;
  readLinks: (ledgerTable: string) => ReturnType<LinksPorts["readLinks"]>;
}

/** @param parts the stage's stacks, by the last part of their names */
export function stageFacts(stage: string, parts: readonly string[], access: AwsAccess = {}): StageFacts {
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(access));
  const secrets = new SecretsManagerClient(access);
  return {
    readFunctions: () => readFunctions(stage, parts, access),
    readSecret: async (part) => {
      try {
        const SecretId = `integra-bridge/${stage}/${part}`;
        return (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    describeKmsKey: async (KeyId) => {
      const { KeyMetadata } = await new KMSClient(access).send(new DescribeKeyCommand({ KeyId }));
      return { state: KeyMetadata?.KeyState ?? "unknown", usage: KeyMetadata?.KeyUsage ?? "unknown" };
    },
    readServiceSession: (table) => userSessions(dynamo, table).read(serviceSession),
    readLinks: (table) => readLinks(dynamo, table),
  };
}

/** The stage's functions. Those that the CDK adds for its own use have none of the bridge's variables. */
async function readFunctions(stage: string, parts: readonly string[], access: AwsAccess): Promise<DeployedFunction[]> {
  const client = new CloudFormationClient(access);
  const lambda = new LambdaClient(access);
  const found: DeployedFunction[] = [];
  for await (const { type, physicalId: FunctionName } of stageResources(client, stage, parts)) {
    if (type !== "AWS::Lambda::Function") continue;
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const { POWERTOOLS_SERVICE_NAME: name, ...variables } = Environment?.Variables ?? {};
    if (name !== undefined) found.push({ name, variables });
  }
  return found;
}

/** The index of lists has the keys of links, and is far smaller than the ledger. */
async function readLinks(client: DynamoDBDocumentClient, TableName: string): Promise<ExaminedLink[]> {
  const records = linkRecords(client, TableName);
  const sessions = userSessions(client, TableName);
  const found: ExaminedLink[] = [];
  const pages = paginateScan(
    { client },
    {
      TableName,
      IndexName: listIndex,
      ProjectionExpression: "pk",
      FilterExpression: "begins_with(pk, :link)",
      ExpressionAttributeValues: { ":link": sessionLedgerKeys.link },
    },
  );
  for await (const { Items = [] } of pages)
    for (const { pk } of Items) {
      const link = (await records.find(String(pk).slice(sessionLedgerKeys.link.length)))?.record;
      if (link === undefined) continue;
      const session = link.linked === null ? undefined : await sessions.read(link.linked.sessionId);
      if (found.push({ link, session }) === mostLinks) return found;
    }
  return found;
}
