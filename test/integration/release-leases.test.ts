import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import { type LocalAws, startLocalAws } from "#local/local-aws/local-aws.ts";
import { patientExport } from "#test/fixtures/bridge-in-memory.ts";
import { ownContext } from "#test/fixtures/ccds-in-memory.ts";
import { rendered } from "#test/workflow/state-machine-files.ts";

const TableName = "ledger";

let aws: LocalAws;
let dynamo: DynamoDBClient;
let machines: SFNClient;
let roleArn: string | undefined;

beforeAll(async () => {
  aws = await startLocalAws({ waitScale: 0.01 });
  const client = { endpoint: aws.endpoint, region: aws.region, credentials: aws };
  dynamo = new DynamoDBClient(client);
  machines = new SFNClient(client);
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "states.amazonaws.com" } }],
  };
  const role = new CreateRoleCommand({ RoleName: "machine", AssumeRolePolicyDocument: JSON.stringify(trust) });
  roleArn = (await new IAMClient(client).send(role)).Role?.Arn;
});

afterAll(async () => {
  await aws.stop();
});

/** The deployed states that delete a lease, each with its input and the lease's name. */
const states: [file: string, state: string, input: object, lease: string][] = [
  ["bulk-export.asl.json", "Release lease", { export: patientExport }, patientExport.request.level],
  ["ccd-retrieval.asl.json", "Release session lease", { request: ownContext }, sessionLeaseName(ownContext.sessionId)],
];

describe.each(states)("%s: %s", (file, state, input, lease) => {
  const pk = { S: `lease#${lease}` };
  const put = (execution: string) => {
    const Item: PutItemCommandInput["Item"] = { pk, execution: { S: execution }, nonce: { S: "n" } };
    return dynamo.send(new PutItemCommand({ TableName, Item }));
  };
  const holder = async () => {
    const get = new GetItemCommand({ TableName, Key: { pk }, ConsistentRead: true });
    return (await dynamo.send(get)).Item?.["execution"]?.S;
  };

  let stateMachineArn: string | undefined;
  beforeAll(async () => {
    const { Parameters, ...task } = rendered(file).States[state] ?? {};
    const States = {
      [state]: { ...task, Parameters: { ...Parameters, TableName } },
      "How did it end?": { Type: "Succeed" },
    };
    const definition = JSON.stringify({ StartAt: state, States });
    const name = state.replaceAll(" ", "-");
    stateMachineArn = (await machines.send(new CreateStateMachineCommand({ name, definition, roleArn })))
      .stateMachineArn;
  });

  /** The output of the state in an execution of this name, and the number of the state's attempts. */
  async function runState(name: string): Promise<{ output: unknown; attempts: number }> {
    const start = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
    const { executionArn } = await machines.send(start);
    const execution = () => machines.send(new DescribeExecutionCommand({ executionArn }));
    await expect.poll(execution).toMatchObject({ status: "SUCCEEDED" });
    const { events = [] } = await machines.send(new GetExecutionHistoryCommand({ executionArn }));
    const attempts = events.filter(({ type }) => type === "TaskScheduled").length;
    return { output: JSON.parse((await execution()).output ?? "null"), attempts };
  }

  test("the execution that holds the lease deletes it", async () => {
    await put("own");
    expect(await runState("own")).toEqual({ output: input, attempts: 1 });
    expect(await holder()).toBeUndefined();
  });

  test("another execution leaves the lease alone, and continues without a retry", async () => {
    await put("own");
    const release = { Error: "DynamoDb.ConditionalCheckFailedException", Cause: "The conditional request failed" };
    expect(await runState("another")).toEqual({ output: { ...input, release }, attempts: 1 });
    expect(await holder()).toBe("own");
  });
});
