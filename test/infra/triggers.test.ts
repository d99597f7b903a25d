import { describe, expect, test } from "vitest";
import { exportTrigger } from "#bulk-export/language/triggers.ts";
import { allowedTo, asLines, statements } from "./policies.ts";
import { variantNames } from "./stage-variants.ts";
import { type Properties, synthesised } from "./synthesised.ts";

const starter = "<Trigger/StartExport/Function>";
const resumer = "<Trigger/ResumeExport/Function>";
const stopper = "<Trigger/StopExport/Function>";
const canceller = "<Cancellation/CancelExport/Function>";
const failer = "<CcdRetrieval/FailCcds/Function>";
const deadLetters = "<Trigger/DeadLetters>";

const byFunction = (one: { function: unknown }, two: { function: unknown }): number =>
  String(one.function).localeCompare(String(two.function));

describe.each(variantNames)("the triggers of %s", (variant) => {
  const synth = synthesised(variant);

  test.each([
    ["Export Requested", "ExportRequested", starter],
    ["Export Resume Requested", "ExportResumeRequested", resumer],
    ["Export Cancel Requested", "ExportCancelRequested", stopper],
  ])("an %s event on the bridge's bus calls its function, and is kept where that fails", (type, rule, target) => {
    expect(synth.resource("AWS::Events::Rule", `Trigger/${rule}`).Properties).toMatchObject({
      EventBusName: "<Bus>",
      EventPattern: { "detail-type": [type] },
      State: "ENABLED",
      Targets: [{ Arn: target, DeadLetterConfig: { Arn: deadLetters }, RetryPolicy: { MaximumRetryAttempts: 10 } }],
    });
  });

  test("the end of an execution from outside calls the canceller, and is kept where that fails", () => {
    const { Properties } = synth.resource("AWS::Events::Rule", "Cancellation/ExecutionStopped");
    expect(Properties).toMatchObject({
      EventPattern: {
        source: ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: ["<BulkExport/StateMachine>"], status: ["ABORTED", "TIMED_OUT"] },
      },
      Targets: [{ Arn: canceller, DeadLetterConfig: { Arn: deadLetters } }],
    });
    // Step Functions tells the account's default bus.
    expect(Properties).not.toHaveProperty("EventBusName");
  });

  test("each function behind a rule may be called by its own rule only, and no other function by any service", () => {
    // The API's functions are called by its routes: on-demand-api.test.ts.
    const all = synth.resources("AWS::Lambda::Permission").filter(({ stack }) => stack !== "api");
    const permissions = all.map(({ Properties: p }) => ({
      function: p["FunctionName"],
      by: p["Principal"],
      source: p["SourceArn"],
    }));
    expect(permissions.toSorted(byFunction)).toEqual([
      { function: canceller, by: "events.amazonaws.com", source: "<Cancellation/ExecutionStopped>" },
      { function: failer, by: "events.amazonaws.com", source: "<CcdStop/ExecutionStopped>" },
      { function: resumer, by: "events.amazonaws.com", source: "<Trigger/ExportResumeRequested>" },
      { function: starter, by: "events.amazonaws.com", source: "<Trigger/ExportRequested>" },
      { function: stopper, by: "events.amazonaws.com", source: "<Trigger/ExportCancelRequested>" },
    ]);
  });

  test("what a function behind a rule fails on is kept as well", () => {
    const kept = synth.resources("AWS::Lambda::EventInvokeConfig").map(({ Properties: p }) => ({
      function: p["FunctionName"],
      on: p["DestinationConfig"],
      retries: p["MaximumRetryAttempts"],
    }));
    const on = { OnFailure: { Destination: deadLetters } };
    expect(kept.toSorted(byFunction)).toEqual([
      { function: canceller, on, retries: 2 },
      { function: failer, on: { OnFailure: { Destination: "<CcdStop/DeadLetters>" } }, retries: 2 },
      { function: resumer, on, retries: 2 },
      { function: starter, on, retries: 2 },
      { function: stopper, on, retries: 2 },
    ]);
  });

  test("each rule may send to the dead-letter queue, nobody else, and nobody without TLS", () => {
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

  test("every queue is encrypted, and dead letters wait for two weeks", () => {
    for (const queue of synth.resources("AWS::SQS::Queue")) expect(queue.Properties["SqsManagedSseEnabled"]).toBe(true);
    const { Properties } = synth.resource("AWS::SQS::Queue", "Trigger/DeadLetters");
    expect(Properties["MessageRetentionPeriod"]).toBe(14 * 24 * 3600);
  });
});

describe("the schedules of a stage", () => {
  const synth = synthesised("prod with every option");
  const schedules = synth.resources("AWS::Scheduler::Schedule").map(({ Properties }) => Properties);
  const targets = schedules.map(({ Target }) => Target as Properties & { Input: string });

  test("fire when the settings say, in their time zone", () => {
    expect(schedules.map((s) => [s["ScheduleExpression"], s["ScheduleExpressionTimezone"], s["State"]])).toEqual([
      ["cron(0 2 * * ? *)", "America/New_York", "ENABLED"],
      ["rate(1 hour)", "UTC", "ENABLED"],
      ["at(2027-01-31T03:00:00)", "Europe/Berlin", "DISABLED"],
    ]);
  });

  test("call the starter, and are kept where that fails", () => {
    for (const target of targets) {
      expect(target).toMatchObject({
        Arn: starter,
        RoleArn: "<Trigger/SchedulerRole>",
        DeadLetterConfig: { Arn: deadLetters },
        RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 6 * 3600 },
      });
    }
  });

  test("say which schedule fired, for what time, and what is asked for", () => {
    const time = "<aws.scheduler.scheduled-time>";
    expect(targets.map(({ Input }) => JSON.parse(Input) as unknown)).toEqual([
      { schedule: { name: "nightly", time }, detail: { level: "patient", since: "last-completed" } },
      { schedule: { name: "hourly", time }, detail: { level: "group", groupId: "age-18-to-35" } },
      { schedule: { name: "once", time }, detail: { level: "system", types: ["Patient"] } },
    ]);
    for (const { Input } of targets) expect(exportTrigger.safeParse(JSON.parse(Input)).error).toBeUndefined();
  });

  test("share a role that Scheduler alone may take, for the starter and the dead letters alone", () => {
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

  test("leave no role behind in a stage without any", () => {
    const roles = synthesised("prod").resources("AWS::IAM::Role");
    expect(roles.filter(({ id }) => id.includes("Scheduler"))).toEqual([]);
  });
});
