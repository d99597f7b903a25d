import { describe, expect, test } from "vitest";
import { exportTrigger } from "#bulk-export/language/triggers.ts";
import { allowedTo, asLines, statements } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

const startExport = "<Trigger/StartExport/Function>";
const resumeExport = "<Trigger/ResumeExport/Function>";
const stopExport = "<Trigger/StopExport/Function>";
const cancelExport = "<Cancellation/CancelExport/Function>";
const failCcds = "<CcdRetrieval/FailCcds/Function>";
const sweepExports = "<Sweeping/Sweeper/Sweep/Function>";
const sweepCcdRequests = "<CcdSweeping/Sweeper/Sweep/Function>";
const sweepLinks = "<LinkSweeping/Sweeper/Sweep/Function>";
const deadLetters = "<Trigger/DeadLetters>";

const byFunction = (one: { function: unknown }, two: { function: unknown }): number =>
  String(one.function).localeCompare(String(two.function));

describe.each(variantNames)("the triggers of %s", (variant) => {
  const synth = synthesised(variant);

  test.each([
    ["Export Requested", "ExportRequested", startExport],
    ["Export Resume Requested", "ExportResumeRequested", resumeExport],
    ["Export Cancel Requested", "ExportCancelRequested", stopExport],
  ])("an %s event on the bridge's bus invokes its function, and is kept if that fails", (type, rule, target) => {
    expect(synth.resource("AWS::Events::Rule", `Trigger/${rule}`).Properties).toMatchObject({
      EventBusName: "<Bus>",
      EventPattern: { "detail-type": [type] },
      State: "ENABLED",
      Targets: [{ Arn: target, DeadLetterConfig: { Arn: deadLetters }, RetryPolicy: { MaximumRetryAttempts: 10 } }],
    });
  });

  test("an execution that is stopped, fails or times out invokes cancel-export, and the event is kept if that fails", () => {
    const { Properties } = synth.resource("AWS::Events::Rule", "Cancellation/ExecutionStopped");
    expect(Properties).toMatchObject({
      EventPattern: {
        source: ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: ["<BulkExport/StateMachine>"], status: ["FAILED", "TIMED_OUT", "ABORTED"] },
      },
      Targets: [{ Arn: cancelExport, DeadLetterConfig: { Arn: deadLetters } }],
    });
    // Step Functions publishes on the account's default bus.
    expect(Properties).not.toHaveProperty("EventBusName");
  });

  test("only its own rule may invoke a function behind a rule, and no service may invoke any other function", () => {
    // The API's routes invoke its functions: on-demand-api.test.ts. Secrets Manager invokes one: key-rotation.test.ts.
    const all = synth
      .resources("AWS::Lambda::Permission")
      .filter(({ stack, id }) => stack !== "api" && !id.startsWith("KeyRotation/"));
    const permissions = all.map(({ Properties: p }) => ({
      function: p["FunctionName"],
      by: p["Principal"],
      source: p["SourceArn"],
    }));
    expect(permissions.toSorted(byFunction)).toEqual([
      { function: cancelExport, by: "events.amazonaws.com", source: "<Cancellation/ExecutionStopped>" },
      { function: failCcds, by: "events.amazonaws.com", source: "<CcdStop/ExecutionStopped>" },
      { function: resumeExport, by: "events.amazonaws.com", source: "<Trigger/ExportResumeRequested>" },
      { function: startExport, by: "events.amazonaws.com", source: "<Trigger/ExportRequested>" },
      { function: stopExport, by: "events.amazonaws.com", source: "<Trigger/ExportCancelRequested>" },
    ]);
  });

  test("an event that a function behind a rule fails on is kept", () => {
    const kept = synth.resources("AWS::Lambda::EventInvokeConfig").map(({ Properties: p }) => ({
      function: p["FunctionName"],
      on: p["DestinationConfig"],
      retries: p["MaximumRetryAttempts"],
    }));
    const on = { OnFailure: { Destination: deadLetters } };
    expect(kept.toSorted(byFunction)).toEqual([
      { function: cancelExport, on, retries: 2 },
      { function: failCcds, on: { OnFailure: { Destination: "<CcdStop/DeadLetters>" } }, retries: 2 },
      // A sweep that fails is not repeated, because the next one finds the same; an alarm watches its errors.
      { function: sweepCcdRequests, on: undefined, retries: 0 },
      { function: sweepLinks, on: undefined, retries: 0 },
      { function: sweepExports, on: undefined, retries: 0 },
      { function: resumeExport, on, retries: 2 },
      { function: startExport, on, retries: 2 },
      { function: stopExport, on, retries: 2 },
    ]);
  });

  test("only the rules may send to the dead-letter queue, and only with TLS", () => {
    const { Properties } = synth.resource("AWS::SQS::QueuePolicy", "Trigger/DeadLetters");
    const [deny, ...allowed] = statements(Properties["PolicyDocument"]);
    expect(deny).toMatchObject({
      Effect: "Deny",
      actions: ["sqs:*"],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    expect(allowed.map(({ Principal, actions, Condition }) => [Principal, actions, Condition])).toEqual(
      [
        "<Trigger/ExportRequested>",
        "<Trigger/ExportResumeRequested>",
        "<Trigger/ExportCancelRequested>",
        "<Cancellation/ExecutionStopped>",
      ].map((rule) => [
        { Service: "events.amazonaws.com" },
        ["sqs:SendMessage"],
        { ArnEquals: { "aws:SourceArn": rule } },
      ]),
    );
  });

  test("every queue is encrypted, and dead letters are kept for two weeks", () => {
    for (const queue of synth.resources("AWS::SQS::Queue")) expect(queue.Properties["SqsManagedSseEnabled"]).toBe(true);
    const { Properties } = synth.resource("AWS::SQS::Queue", "Trigger/DeadLetters");
    expect(Properties["MessageRetentionPeriod"]).toBe(14 * 24 * 3600);
  });
});

describe("the schedules of a stage", () => {
  const synth = synthesised("prod with every option");
  const schedules = synth
    .resources("AWS::Scheduler::Schedule")
    .filter(({ id }) => id.startsWith("Trigger/"))
    .map(({ Properties }) => Properties);
  const targets = schedules.map(({ Target }) => Target as Properties & { Input: string });

  test("a schedule fires at the times of the settings, in its time zone", () => {
    expect(schedules.map((s) => [s["ScheduleExpression"], s["ScheduleExpressionTimezone"], s["State"]])).toEqual([
      ["cron(0 2 * * ? *)", "America/New_York", "ENABLED"],
      ["rate(1 hour)", "UTC", "ENABLED"],
      ["at(2027-01-31T03:00:00)", "Europe/Berlin", "DISABLED"],
    ]);
  });

  test("a schedule invokes start-export, and its input is kept if that fails", () => {
    for (const target of targets) {
      expect(target).toMatchObject({
        Arn: startExport,
        RoleArn: "<Trigger/SchedulerRole>",
        DeadLetterConfig: { Arn: deadLetters },
        RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 6 * 3600 },
      });
    }
  });

  test("the input says which schedule fired, for what time, and what to export", () => {
    const time = "<aws.scheduler.scheduled-time>";
    expect(targets.map(({ Input }) => JSON.parse(Input) as unknown)).toEqual([
      { schedule: { name: "nightly", time }, detail: { level: "patient", since: "last-completed" } },
      { schedule: { name: "hourly", time }, detail: { level: "group", groupId: "age-18-to-35" } },
      { schedule: { name: "once", time }, detail: { level: "system", types: ["Patient"] } },
    ]);
    for (const { Input } of targets) expect(exportTrigger.safeParse(JSON.parse(Input)).error).toBeUndefined();
  });

  test("only Scheduler may assume the schedules' role, which may invoke start-export and send dead letters", () => {
    const role = synth.resource("AWS::IAM::Role", "Trigger/SchedulerRole");
    expect(statements(role.Properties["AssumeRolePolicyDocument"])).toEqual([
      expect.objectContaining({
        Principal: { Service: "scheduler.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "<account>" } },
      }),
    ]);
    expect(asLines(allowedTo(synth, "<Trigger/SchedulerRole>"))).toEqual([
      "lambda:InvokeFunction → Trigger/StartExport/Function",
      "sqs:SendMessage → Trigger/DeadLetters",
    ]);
  });

  test("a stage without schedules has no role for them", () => {
    const roles = synthesised("prod").resources("AWS::IAM::Role");
    expect(roles.filter(({ id }) => id.startsWith("Trigger/Scheduler"))).toEqual([]);
  });
});

describe.each(variantNames)("the sweepers of %s", (variant) => {
  const synth = synthesised(variant);
  const every = variant === "prod with every option" ? "rate(5 minutes)" : "rate(15 minutes)";

  test.each([
    ["Sweeping", sweepExports, deadLetters],
    ["CcdSweeping", sweepCcdRequests, "<CcdStop/DeadLetters>"],
    ["LinkSweeping", sweepLinks, "<LinkSweeping/DeadLetters>"],
  ])(
    "%s: its schedule invokes the function every few minutes with the time, by a role that may do nothing else",
    (id, target, letters) => {
      expect(synth.resource("AWS::Scheduler::Schedule", `${id}/Sweeper/Schedule`).Properties).toMatchObject({
        ScheduleExpression: every,
        State: "ENABLED",
        Target: {
          Arn: target,
          RoleArn: `<${id}/Sweeper/SchedulerRole>`,
          Input: '{"time":"<aws.scheduler.scheduled-time>"}',
          DeadLetterConfig: { Arn: letters },
        },
      });
      expect(asLines(allowedTo(synth, `<${id}/Sweeper/SchedulerRole>`))).toEqual([
        `lambda:InvokeFunction → ${target.slice(1, -1)}`,
        `sqs:SendMessage → ${letters.slice(1, -1)}`,
      ]);
    },
  );

  test("the indexes of open items and of lists hold keys only", () => {
    expect(synth.resource("AWS::DynamoDB::Table", "Ledger").Properties["GlobalSecondaryIndexes"]).toMatchObject([
      {
        IndexName: "open",
        KeySchema: [
          { AttributeName: "openIn", KeyType: "HASH" },
          { AttributeName: "dueAt", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
      {
        IndexName: "list",
        KeySchema: [
          { AttributeName: "listedIn", KeyType: "HASH" },
          { AttributeName: "listedAt", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ]);
  });
});
