import { describe, expect, test } from "vitest";
import { documentSettings, documentsFunction } from "#ccd-retrieval/language/document-settings.ts";
import { everyOption } from "#cli/templates/every-option.ts";
import { tasksOf } from "#test/workflow/state-machine-files.ts";
import { allowedTo, asLines, functionsOf } from "./policies.ts";
import { variantNames } from "./stage-variants.ts";
import { type Properties, synthesised } from "./synthesised.ts";

/** `Take session lease` → `TakeSessionLease` */
const asConstruct = (state: string): string =>
  state
    .split(" ")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const names = tasksOf("ccd-retrieval.asl.json").map(([state]) => asConstruct(state));

const machineOf = (variant: (typeof variantNames)[number]): Properties =>
  synthesised(variant).resource("AWS::StepFunctions::StateMachine", "CcdRetrieval/StateMachine").Properties;

describe.each(variantNames)("the CCD retrieval of %s", (variant) => {
  const synth = synthesised(variant);
  const definition = JSON.parse(String(machineOf(variant)["DefinitionString"])) as {
    TimeoutSeconds: unknown;
    States: Record<string, { Resource?: string; TimeoutSeconds?: number }>;
  };
  const tasks = Object.entries(definition.States).filter(([, { Resource }]) => Resource !== undefined);

  test("calls for each state the construct of its name, and may call no other", () => {
    expect(tasks.map(([, { Resource }]) => Resource)).toEqual(names.map((name) => `<CcdRetrieval/${name}/Function>`));
    const lines = asLines(allowedTo(synth, machineOf(variant)["RoleArn"]));
    expect(lines.filter((line) => line.startsWith("lambda:"))).toEqual(
      names.map((name) => `lambda:InvokeFunction → CcdRetrieval/${name}/Function`).toSorted(),
    );
    expect(lines.filter((line) => !/^(lambda|logs|xray):/.test(line))).toEqual([]);
  });

  test("waits for each function a little longer than the function may run", () => {
    const limits = new Map(synth.resources("AWS::Lambda::Function").map((f) => [`<${f.id}>`, f.Properties["Timeout"]]));
    const tooSoon = tasks.filter(([, t]) => Number(t.TimeoutSeconds) < Number(limits.get(t.Resource ?? "")) + 10);
    expect(tooSoon).toEqual([]);
  });

  test("fetches documents by the stage's settings, with the memory and the /tmp that their limits count on", () => {
    const { Properties } = synth.resource("AWS::Lambda::Function", "CcdRetrieval/FetchCcds/Function");
    const { CCD_DOCUMENTS } = (Properties["Environment"] as { Variables: Record<string, string> }).Variables;
    expect(documentSettings.parse(JSON.parse(CCD_DOCUMENTS ?? ""))).toEqual(
      documentSettings.parse(variant === "prod with every option" ? everyOption.ccd.documents : {}),
    );
    expect(Properties["MemorySize"]).toBe(documentsFunction.memoryMiB);
    // Lambda's own: 512 MiB.
    expect(Properties["EphemeralStorage"]).toBeUndefined();
  });

  test("gives up an hour after its deadline, as a number", () => {
    expect(definition.TimeoutSeconds).toBe(2 * 3600);
  });

  test("is logged and traced, and no log shows what states hold", () => {
    expect(machineOf(variant)).toMatchObject({
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: "ALL", IncludeExecutionData: false },
    });
  });

  test("ends a request whose execution was stopped, by its id alone, and keeps what could not be delivered", () => {
    const { Properties } = synth.resource("AWS::Events::Rule", "CcdStop/ExecutionStopped");
    expect(Properties).toMatchObject({
      EventPattern: { detail: { stateMachineArn: ["<CcdRetrieval/StateMachine>"], status: ["ABORTED", "TIMED_OUT"] } },
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

/** What a function may do besides its log and traces, and the key. */
const grants = Object.fromEntries(
  functionsOf(synthesised("prod"))
    .filter(([, { id }]) => id.startsWith("CcdRetrieval/"))
    .map(([name, { Properties }]) => [
      name,
      asLines(allowedTo(synthesised("prod"), Properties["Role"])).filter((line) => !/^(logs|xray|kms):/.test(line)),
    ]),
);

const may = (right: RegExp): string[] =>
  Object.keys(grants)
    .filter((name) => grants[name]?.some((line) => right.test(line)))
    .toSorted();

test("only what asks the server has the session, and only what fetches writes documents", () => {
  expect(may(/secretsmanager:GetSecretValue → secret:integra-bridge\/prod\/user-session/)).toEqual([
    "fetch-ccds",
    "request-ccds",
  ]);
  expect(may(/s3:PutObject → landing\/ccds\//)).toEqual(["fetch-ccds"]);
  expect(may(/s3:PutObject → landing\/quarantine\//)).toEqual(["fetch-ccds"]);
  expect(may(/s3:GetObject → landing\/quarantine\//)).toEqual([]);
  expect(may(/s3:DeleteObject|landing\/exports\//)).toEqual([]);
  expect(may(/dynamodb:DeleteItem/)).toEqual(["release-session-lease"]);
  expect(may(/states:/)).toEqual(["request-ccds", "take-session-lease"]);
});
