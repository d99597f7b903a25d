import { describe, expect, test } from "vitest";
import { allowedTo, asLines, functionsOf, statements } from "../policies.ts";
import { type StageVariant, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

interface Task {
  Resource?: string;
  Parameters?: Record<string, unknown>;
  TimeoutSeconds?: number;
  ItemProcessor?: { States: Record<string, Task> };
}

const machineOf = (variant: StageVariant) =>
  synthesised(variant).resource("AWS::StepFunctions::StateMachine", "BulkExport/StateMachine").Properties;

/** The tasks of the deployed definition, with those of the Map's children. */
function tasksOf(variant: StageVariant): [state: string, task: Task][] {
  const definition = JSON.parse(String(machineOf(variant)["DefinitionString"])) as { States: Record<string, Task> };
  const nested = Object.values(definition.States).flatMap(({ ItemProcessor }) =>
    Object.entries(ItemProcessor?.States ?? {}),
  );
  return [...Object.entries(definition.States), ...nested].filter(([, { Resource }]) => Resource !== undefined);
}

/** Tasks that call an AWS service themselves have no function. */
const functionTasksOf = (variant: StageVariant): [state: string, task: Task][] =>
  tasksOf(variant).filter(([, { Resource }]) => !Resource?.startsWith("arn:aws:states:::"));

describe.each(variantNames)("the bulk-export state machine of %s", (variant) => {
  const synth = synthesised(variant);
  const tasks = functionTasksOf(variant);

  test("the state machine is traced, and logs all events without their data", () => {
    expect(machineOf(variant)).toMatchObject({
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: "ALL", IncludeExecutionData: false },
    });
  });

  test("the state machine's log group is encrypted and expires", () => {
    expect(synth.resource("AWS::Logs::LogGroup", "BulkExport/StateMachineLog").Properties).toMatchObject({
      KmsKeyId: "<Key>",
      RetentionInDays: expect.any(Number),
      LogGroupName: expect.stringMatching(/^\/aws\/vendedlogs\/states\//),
    });
  });

  test("each task with a function calls that of the construct with its name", () => {
    const called = tasks.map(([state, { Resource = "" }]) => [state, Resource]);
    expect(called).toEqual(tasks.map(([state]) => [state, `<BulkExport/${asConstruct(state)}/Function>`]));
  });

  test("each task's time limit is longer than its function's timeout", () => {
    const limits = new Map(synth.resources("AWS::Lambda::Function").map((f) => [`<${f.id}>`, f.Properties["Timeout"]]));
    const tooShort = tasks.filter(([, t]) => Number(t.TimeoutSeconds) < Number(limits.get(t.Resource ?? "")) + 10);
    expect(tooShort).toEqual([]);
  });

  test("only Step Functions in this account may assume the state machine's role", () => {
    const role = synth.resource("AWS::IAM::Role", "BulkExport/StateMachine/Role");
    expect(statements(role.Properties["AssumeRolePolicyDocument"])).toEqual([
      expect.objectContaining({
        Principal: { Service: "states.amazonaws.com" },
        Condition: expect.objectContaining({ StringEquals: { "aws:SourceAccount": "<account>" } }),
      }),
    ]);
  });

  test("the state machine may invoke the functions that its definition calls, and no other", () => {
    const lines = asLines(allowedTo(synth, machineOf(variant)["RoleArn"]));
    const callable = lines.filter((line) => line.startsWith("lambda:"));
    expect(callable).toEqual(
      tasks.map(([s]) => `lambda:InvokeFunction → BulkExport/${asConstruct(s)}/Function`).toSorted(),
    );
  });
});

test("the state machine has no other permissions than these, besides invoking its functions", () => {
  const lines = asLines(allowedTo(synthesised("prod"), machineOf("prod")["RoleArn"]));
  expect(lines.filter((line) => !line.startsWith("lambda:")).join("\n")).toMatchInlineSnapshot(`
    "dynamodb:DeleteItem → Ledger
    kms:Decrypt → Key
    logs:CreateLogDelivery → *
    logs:DeleteLogDelivery → *
    logs:DescribeLogGroups → *
    logs:DescribeResourcePolicies → *
    logs:GetLogDelivery → *
    logs:ListLogDeliveries → *
    logs:PutResourcePolicy → *
    logs:UpdateLogDelivery → *
    s3:GetObject → landing/work/*/work-list.json
    states:DescribeExecution → execution:integra-bridge-prod-bulk-export/*
    states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
    states:StartExecution → BulkExport/StateMachine
    states:StopExecution → execution:integra-bridge-prod-bulk-export/*
    states:StopExecution → execution:integra-bridge-prod-bulk-export:*
    xray:GetSamplingRules → *
    xray:GetSamplingTargets → *
    xray:PutTelemetryRecords → *
    xray:PutTraceSegments → *"
  `);
});

test("the state machine may delete leases only, of all items in the ledger", () => {
  const allowed = allowedTo(synthesised("prod"), machineOf("prod")["RoleArn"]);
  expect(allowed.filter(({ actions }) => actions.some((action) => action.startsWith("dynamodb:")))).toEqual([
    {
      Effect: "Allow",
      actions: ["dynamodb:DeleteItem"],
      resources: ["<Ledger>"],
      Condition: {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["lease#*"] },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    },
  ]);
});

test("the state machine deletes its lease from the stage's ledger", () => {
  const release = tasksOf("prod").find(([state]) => state === "Release lease")?.[1];
  expect(release?.Parameters).toMatchObject({ TableName: "<Ledger>" });
});

test("the settings of downloads and deadline reach the definition as numbers", () => {
  const definition = JSON.parse(String(machineOf("prod")["DefinitionString"])) as {
    TimeoutSeconds: unknown;
    States: Record<string, { MaxConcurrency?: unknown }>;
  };
  expect(definition.States["Download files"]?.MaxConcurrency).toBe(4);
  expect(definition.TimeoutSeconds).toBe(48 * 3600);
});

test("only the function that downloads may ask V8 for a collection", () => {
  const environments = functionsOf(synthesised("prod")).map(([name, { Properties }]) => {
    const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
    return [name, Variables["NODE_OPTIONS"]] as const;
  });
  expect(environments.filter(([, options]) => options !== undefined)).toEqual([["download-file", "--expose-gc"]]);
});

test("the functions that call the server as our client, or examine it, have its URLs, and no other function has them", () => {
  const environments = functionsOf(synthesised("prod with every option")).map(([name, { Properties }]) => {
    const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
    return [
      name,
      Object.keys(Variables)
        .filter((variable) => /^INTEGRA_|^CLIENT_SECRET$/.test(variable))
        .toSorted(),
    ] as const;
  });
  const withClient = environments.filter(([, variables]) => variables.includes("CLIENT_SECRET"));
  expect(withClient.map(([name]) => name).toSorted()).toEqual([
    "cancel-export",
    "delete-job",
    "download-file",
    "health",
    "kick-off-export",
    "plan-downloads",
    "poll-export",
    "rotate-key",
    "sweep-exports",
    "take-lease",
  ]);
  for (const [name, variables] of withClient) {
    // This function examines the user's server as well.
    const ofUsers =
      name === "health"
        ? ["INTEGRA_AUTHORIZATION_ORIGINS", "INTEGRA_PATIENT_SEARCH_PATHS", "INTEGRA_US_CORE_PATHS"]
        : [];
    const ofClient = ["INTEGRA_AUDIENCE", "INTEGRA_BASE_URL", "INTEGRA_EXPORT_URL", "INTEGRA_FILE_ORIGINS"];
    expect(variables).toEqual(["CLIENT_SECRET", ...ofClient, "INTEGRA_TOKEN_URL", ...ofUsers].toSorted());
  }
});

/** `Kick off export` → `KickOffExport` */
const asConstruct = (state: string): string =>
  state.replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase());
