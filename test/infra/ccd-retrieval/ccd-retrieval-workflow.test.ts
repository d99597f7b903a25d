import { describe, expect, test } from "vitest";
import { documentSettings, documentsFunction } from "#ccd-retrieval/language/document-settings.ts";
import { everyOption } from "#cli/templates/every-option.ts";
import { functionTasksOf } from "#test/workflow/state-machine-files.ts";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

/** `Take session lease` → `TakeSessionLease` */
const asConstruct = (state: string): string =>
  state
    .split(" ")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const names = functionTasksOf("ccd-retrieval.asl.json").map(([state]) => asConstruct(state));

const machineOf = (variant: (typeof variantNames)[number]): Properties =>
  synthesised(variant).resource("AWS::StepFunctions::StateMachine", "CcdRetrieval/StateMachine").Properties;

describe.each(variantNames)("the ccd-retrieval state machine of %s", (variant) => {
  const synth = synthesised(variant);
  const definition = JSON.parse(String(machineOf(variant)["DefinitionString"])) as {
    TimeoutSeconds: unknown;
    States: Record<string, { Resource?: string; Parameters?: object; TimeoutSeconds?: number }>;
  };
  const tasks = Object.entries(definition.States).filter(([, { Resource }]) => Resource?.startsWith("<") === true);

  test("each task with a function calls that of the construct with its name, and the machine may invoke no other", () => {
    expect(tasks.map(([, { Resource }]) => Resource)).toEqual(names.map((name) => `<CcdRetrieval/${name}/Function>`));
    const lines = asLines(allowedTo(synth, machineOf(variant)["RoleArn"]));
    expect(lines.filter((line) => line.startsWith("lambda:"))).toEqual(
      names.map((name) => `lambda:InvokeFunction → CcdRetrieval/${name}/Function`).toSorted(),
    );
    expect(lines.filter((line) => !/^(lambda|logs|xray):/.test(line))).toEqual([
      "dynamodb:DeleteItem → Ledger",
      "kms:Decrypt → Key",
    ]);
  });

  test("the state machine deletes its lease from the stage's ledger, and may delete leases only", () => {
    expect(definition.States["Release session lease"]?.Parameters).toMatchObject({ TableName: "<Ledger>" });
    const allowed = allowedTo(synth, machineOf(variant)["RoleArn"]);
    const conditions = allowed.filter(({ actions }) => actions.includes("dynamodb:DeleteItem"));
    expect(conditions.map(({ Condition }) => Condition)).toEqual([
      {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["lease#*"] },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    ]);
  });

  test("each task's time limit is longer than its function's timeout", () => {
    const limits = new Map(synth.resources("AWS::Lambda::Function").map((f) => [`<${f.id}>`, f.Properties["Timeout"]]));
    const tooShort = tasks.filter(([, t]) => Number(t.TimeoutSeconds) < Number(limits.get(t.Resource ?? "")) + 10);
    expect(tooShort).toEqual([]);
  });

  test("fetch-ccds has the stage's document settings, and the memory and /tmp that their limits assume", () => {
    const { Properties } = synth.resource("AWS::Lambda::Function", "CcdRetrieval/FetchCcds/Function");
    const { CCD_DOCUMENTS } = (Properties["Environment"] as { Variables: Record<string, string> }).Variables;
    expect(documentSettings.parse(JSON.parse(CCD_DOCUMENTS ?? ""))).toEqual(
      documentSettings.parse(variant === "prod with every option" ? everyOption.ccd.documents : {}),
    );
    expect(Properties["MemorySize"]).toBe(documentsFunction.memoryMiB);
    // Lambda's default is 512 MiB.
    expect(Properties["EphemeralStorage"]).toBeUndefined();
  });

  test("the execution times out an hour after the deadline, and the limit is a number", () => {
    expect(definition.TimeoutSeconds).toBe(2 * 3600);
  });

  test("the state machine is traced, and logs all events without their data", () => {
    expect(machineOf(variant)).toMatchObject({
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: "ALL", IncludeExecutionData: false },
    });
  });

  test("an execution that is stopped, fails or times out invokes fail-ccds with the request's id, and the event is kept if that fails", () => {
    const { Properties } = synth.resource("AWS::Events::Rule", "CcdStop/ExecutionStopped");
    expect(Properties).toMatchObject({
      EventPattern: {
        detail: { stateMachineArn: ["<CcdRetrieval/StateMachine>"], status: ["FAILED", "TIMED_OUT", "ABORTED"] },
      },
      Targets: [
        {
          Arn: "<CcdRetrieval/FailCcds/Function>",
          DeadLetterConfig: { Arn: "<CcdStop/DeadLetters>" },
          InputTransformer: { InputPathsMap: { "detail-name": "$.detail.name" } },
        },
      ],
    });
  });
});

/** What each function may do, besides its log, its traces and the key. */
const grants = Object.fromEntries(
  functionsOf(synthesised("prod"))
    .filter(([, { id }]) => id.startsWith("CcdRetrieval/"))
    .map(([name, { Properties }]) => [
      name,
      asLines(allowedTo(synthesised("prod"), Properties["Role"])).filter((line) => !/^(logs|xray|kms):/.test(line)),
    ]),
);

const functionsThatMay = (permission: RegExp): string[] =>
  Object.keys(grants)
    .filter((name) => grants[name]?.some((line) => permission.test(line)))
    .toSorted();

test("only functions that call the server have the session, and only fetch-ccds writes documents", () => {
  expect(functionsThatMay(/secretsmanager:GetSecretValue → secret:integra-bridge\/prod\/user-session/)).toEqual([
    "fetch-ccds",
    "request-ccds",
  ]);
  expect(functionsThatMay(/s3:PutObject → landing\/ccds\//)).toEqual(["fetch-ccds"]);
  expect(functionsThatMay(/s3:PutObject → landing\/quarantine\//)).toEqual(["fetch-ccds"]);
  expect(functionsThatMay(/s3:GetObject → landing\/quarantine\//)).toEqual([]);
  expect(functionsThatMay(/s3:DeleteObject|landing\/exports\//)).toEqual([]);
  expect(functionsThatMay(/dynamodb:DeleteItem/)).toEqual([]);
  expect(functionsThatMay(/states:/)).toEqual(["request-ccds", "take-session-lease"]);
});
