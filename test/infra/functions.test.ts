import { describe, expect, test } from "vitest";
import { functionNames } from "../../infra/function-bundles.ts";
import { allowedTo, asLines, functionsOf } from "./policies.ts";
import { variantNames } from "./stage-variants.ts";
import { synthesised } from "./synthesised.ts";

describe.each(variantNames)("the functions of %s", (variant) => {
  const synth = synthesised(variant);
  const functions = functionsOf(synth);
  const all = functions.map(([, lambda]) => lambda.Properties);

  test("are those that have a handler", () => {
    expect(functions.map(([name]) => name).toSorted()).toEqual(functionNames());
  });

  test("have a role each, which no other shares", () => {
    expect(new Set(all.map(({ Role }) => Role)).size).toBe(all.length);
  });

  test("run on Node 24 and arm64, traced", () => {
    for (const properties of all) {
      expect(properties).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        TracingConfig: { Mode: "Active" },
        Handler: "index.handler",
      });
    }
  });

  test("have a log group each, encrypted and purged", () => {
    const names = all.map(({ LoggingConfig }) => (LoggingConfig as { LogGroup: string }).LogGroup);
    expect(new Set(names).size).toBe(all.length);
    for (const name of names) {
      const group = synth.resource("AWS::Logs::LogGroup", name.slice(1, -1));
      expect(group.Properties).toMatchObject({ KmsKeyId: "<Key>", RetentionInDays: expect.any(Number) });
    }
  });

  test.each(functions)("%s may write its own log and its traces", (_, { Properties: { Role, LoggingConfig } }) => {
    const { LogGroup } = LoggingConfig as { LogGroup: string };
    const lines = asLines(allowedTo(synth, Role));
    expect(lines.filter((line) => /^(logs|xray):/.test(line))).toEqual([
      `logs:CreateLogStream → ${LogGroup.slice(1, -1)}`,
      `logs:PutLogEvents → ${LogGroup.slice(1, -1)}`,
      "xray:PutTelemetryRecords → *",
      "xray:PutTraceSegments → *",
    ]);
  });

  test.each(functions)("%s is allowed no wildcard action", (_, { Properties: { Role } }) => {
    const actions = allowedTo(synth, Role).flatMap((statement) => statement.actions);
    expect(actions.filter((action) => action.includes("*"))).toEqual([]);
  });

  test("hold no secret in their environment, but the name of the client's", () => {
    const texts = all.map(({ Environment }) => JSON.stringify(Environment));
    for (const text of texts) expect(text).not.toMatch(/PRIVATE|"d":|resolve:secretsmanager|BEGIN /);
  });
});

// A new permission must show up in review: write this table anew with `vitest -u`, and look at the difference.
test("what each function may do, besides logging and tracing", () => {
  const synth = synthesised("prod");
  const table = functionsOf(synth).map(
    ([
      name,
      {
        Properties: { Role },
      },
    ]) => {
      const lines = asLines(allowedTo(synth, Role)).filter((line) => !/^(logs|xray):/.test(line));
      return [name, ...lines.map((line) => `  ${line}`)].join("\n");
    },
  );
  expect(table.toSorted().join("\n")).toMatchInlineSnapshot(`
    "adopt-result
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/exports/*/summary.json
      s3:PutObject → landing/audit/*/landed*.json
      s3:PutObject → landing/exports/*/summary.json
    announce-completion
      events:PutEvents → Bus
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/exports/*/summary.json
      s3:PutObject → landing/audit/*/told*.json
    cancel-export
      dynamodb:DeleteItem → Ledger
      dynamodb:GetItem → Ledger
      events:PutEvents → Bus
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/export.json
      s3:GetObject → landing/work/*/job.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/audit/*/stopped*.json
      s3:PutObject → landing/audit/*/told*.json
      s3:PutObject → landing/work/*/stop*.json
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
      sqs:GetQueueAttributes → Trigger/DeadLetters
      sqs:GetQueueUrl → Trigger/DeadLetters
      sqs:SendMessage → Trigger/DeadLetters
    complete-export
      dynamodb:UpdateItem → Ledger
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/failures/*
      s3:GetObject → landing/work/*/job.json
      s3:GetObject → landing/work/*/plan.json
      s3:GetObject → landing/work/*/receipts/*
      s3:GetObject → landing/work/*/stop*.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/audit/*/landed*.json
      s3:PutObject → landing/exports/*/summary.json
    delete-job
      dynamodb:GetItem → Ledger
      kms:Decrypt → Key
      s3:GetObject → landing/work/*/job.json
      s3:ListBucket → Landing/Bucket
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
    download-file
      events:PutEvents → Bus
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:AbortMultipartUpload → landing/exports/*.ndjson
      s3:GetObject → landing/exports/*.ndjson
      s3:GetObject → landing/work/*/plan.json
      s3:GetObject → landing/work/*/receipts/*
      s3:GetObject → landing/work/*/stop*.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/exports/*.ndjson
      s3:PutObject → landing/work/*/failures/*
      s3:PutObject → landing/work/*/receipts/*
      s3:PutObject → landing/work/*/stop*.json
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
    fail-export
      events:PutEvents → Bus
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/stop*.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/audit/*/told*.json
    kick-off-export
      dynamodb:GetItem → Ledger
      events:PutEvents → Bus
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/job.json
      s3:GetObject → landing/work/*/stop.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/audit/*/kicked-off*.json
      s3:PutObject → landing/audit/*/told*.json
      s3:PutObject → landing/work/*/job.json
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
    plan-downloads
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/exports/*/manifest.json
      s3:GetObject → landing/work/*/job.json
      s3:GetObject → landing/work/*/plan.json
      s3:GetObject → landing/work/*/receipts/*
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/exports/*/manifest-*.json
      s3:PutObject → landing/work/*/job.json
      s3:PutObject → landing/work/*/plan.json
      s3:PutObject → landing/work/*/work-list.json
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
    poll-export
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/job.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/exports/*/manifest.json
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
    release-lease
      dynamodb:DeleteItem → Ledger
      kms:Decrypt → Key
    resume-export
      sqs:GetQueueAttributes → Trigger/DeadLetters
      sqs:GetQueueUrl → Trigger/DeadLetters
      sqs:SendMessage → Trigger/DeadLetters
      states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
      states:StartExecution → stateMachine:integra-bridge-prod-bulk-export
    start-afresh
      states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
      states:StartExecution → stateMachine:integra-bridge-prod-bulk-export
    start-export
      sqs:GetQueueAttributes → Trigger/DeadLetters
      sqs:GetQueueUrl → Trigger/DeadLetters
      sqs:SendMessage → Trigger/DeadLetters
      states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
      states:StartExecution → stateMachine:integra-bridge-prod-bulk-export
    stop-export
      sqs:GetQueueAttributes → Trigger/DeadLetters
      sqs:GetQueueUrl → Trigger/DeadLetters
      sqs:SendMessage → Trigger/DeadLetters
      states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
      states:StopExecution → execution:integra-bridge-prod-bulk-export:*
    take-lease
      dynamodb:GetItem → Ledger
      dynamodb:PutItem → Ledger
      kms:Decrypt → Key
      s3:GetObject → landing/exports/*/summary.json
      s3:GetObject → landing/work/*/job.json
      s3:GetObject → landing/work/*/plan.json
      s3:ListBucket → Landing/Bucket
      secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????
      states:DescribeExecution → execution:integra-bridge-prod-bulk-export:*
    validate-request
      dynamodb:GetItem → Ledger
      kms:Decrypt → Key
      kms:GenerateDataKey → Key
      s3:GetObject → landing/work/*/export.json
      s3:ListBucket → Landing/Bucket
      s3:PutObject → landing/audit/*/requested*.json
      s3:PutObject → landing/work/*/export.json"
  `);
});

test("every option leaves the functions' permissions as they are", () => {
  const [plain, full] = [synthesised("prod"), synthesised("prod with every option")].map((synth) =>
    functionsOf(synth).map(
      ([
        name,
        {
          Properties: { Role },
        },
      ]) => [name, asLines(allowedTo(synth, Role))],
    ),
  );
  expect(full).toEqual(plain);
});
