import { describe, expect, test } from "vitest";
import { statements } from "./policies.ts";
import { topicArn, variantNames } from "./stage-variants.ts";
import { synthesised } from "./synthesised.ts";

const ownTopic = "<Alarms/Topic>";

describe.each(variantNames)("the alarms of %s", (variant) => {
  const alarms = synthesised(variant)
    .resources("AWS::CloudWatch::Alarm", "export")
    .map(({ id, Properties }) => [id, Properties] as const);

  test("ring for failed, timed-out and stalled exports and for dead letters", () => {
    expect(alarms.map(([id, p]) => [id, p["Namespace"], p["MetricName"], p["Statistic"]])).toEqual([
      ["Alarms/ExportFailed", "AWS/States", "ExecutionsFailed", "Sum"],
      ["Alarms/ExportTimedOut", "AWS/States", "ExecutionsTimedOut", "Sum"],
      ["Alarms/ExportStalled", expect.stringMatching(/^integra-bridge\/\w+$/), "ExportAge", "Maximum"],
      ["Alarms/TriggerUndelivered", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"],
    ]);
  });

  test("watch what is deployed here", () => {
    expect(alarms.map(([, p]) => p["Dimensions"])).toEqual([
      [{ Name: "StateMachineArn", Value: "<BulkExport/StateMachine>" }],
      [{ Name: "StateMachineArn", Value: "<BulkExport/StateMachine>" }],
      // As bulk-export/export-step.ts publishes it.
      [{ Name: "service", Value: "bulk-export" }],
      [{ Name: "QueueName", Value: "<Trigger/DeadLetters.QueueName>" }],
    ]);
  });

  test("ring at the first one, and silence is no alarm", () => {
    const counts = alarms.filter(([id]) => !id.endsWith("Stalled"));
    expect(counts.map(([, p]) => p["Threshold"])).toEqual([1, 1, 1]);
    for (const [, p] of alarms) expect(p).toMatchObject({ TreatMissingData: "notBreaching", DatapointsToAlarm: 1 });
  });

  test("all reach the stage's topic", () => {
    const topic = variant === "prod with a topic of the user's" ? topicArn : ownTopic;
    expect(alarms.map(([, p]) => p["AlarmActions"])).toEqual(alarms.map(() => [topic]));
  });

  test("the function that reports the age of exports does so where the alarm listens", () => {
    const synth = synthesised(variant);
    const poll = synth.resource("AWS::Lambda::Function", "BulkExport/PollExport").Properties["Environment"];
    const stalled = synth.resource("AWS::CloudWatch::Alarm", "Alarms/ExportStalled").Properties;
    expect(poll).toMatchObject({ Variables: { METRICS_NAMESPACE: stalled["Namespace"] } });
  });
});

describe("the topic of the stage's own", () => {
  const synth = synthesised("prod with every option");

  test("is encrypted, and mails to the address of the settings", () => {
    expect(synth.resource("AWS::SNS::Topic", "Alarms/Topic").Properties["KmsMasterKeyId"]).toBe("<Key>");
    expect(synth.resources("AWS::SNS::Subscription").map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ Protocol: "email", Endpoint: "on-call@example.org", TopicArn: ownTopic }),
    ]);
  });

  test("lets CloudWatch publish: a policy of its own replaces the one that would allow it by default", () => {
    const policy = synth.resource("AWS::SNS::TopicPolicy", "Alarms/Topic").Properties["PolicyDocument"];
    const allowed = statements(policy).filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: "cloudwatch.amazonaws.com" },
        actions: ["sns:Publish"],
        resources: [ownTopic],
      }),
    ]);
  });

  test("can be read by CloudWatch: the key lets it in, for alarms of this account", () => {
    const policy = synth.resource("AWS::KMS::Key", "Key").Properties["KeyPolicy"];
    expect(statements(policy)).toContainEqual({
      Sid: "AlarmsOfThisAccount",
      Effect: "Allow",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
      resources: ["*"],
      Condition: { StringEquals: { "aws:SourceAccount": "<account>" } },
    });
  });

  test("calls an export stalled after the hours of the settings", () => {
    const threshold = synth.resource("AWS::CloudWatch::Alarm", "Alarms/ExportStalled").Properties["Threshold"];
    expect(threshold).toBe(2 * 3600);
  });
});

test("no topic is made where the user names one", () => {
  const synth = synthesised("prod with a topic of the user's");
  expect([...synth.resources("AWS::SNS::Topic"), ...synth.resources("AWS::SNS::TopicPolicy")]).toEqual([]);
});

describe.each(variantNames)("the alarms of requests for CCDs in %s", (variant) => {
  const synth = synthesised(variant);
  const alarms = synth.resources("AWS::CloudWatch::Alarm", "documents");

  test("ring for failed and timed-out ones, for each quarantined answer, for a session that has ended, and for dead letters", () => {
    const machine = [{ Name: "StateMachineArn", Value: "<CcdRetrieval/StateMachine>" }];
    expect(alarms.map(({ id, Properties: p }) => [id, p["Namespace"], p["MetricName"], p["Dimensions"]])).toEqual([
      ["CcdAlarms/CcdsFailed", "AWS/States", "ExecutionsFailed", machine],
      ["CcdAlarms/CcdsTimedOut", "AWS/States", "ExecutionsTimedOut", machine],
      [
        "CcdAlarms/CcdsQuarantined",
        expect.stringMatching(/^integra-bridge\/\w+$/),
        "CcdsQuarantined",
        // As bulk-export/export-step.ts publishes it.
        [{ Name: "service", Value: "ccd-retrieval" }],
      ],
      [
        "CcdAlarms/SessionEnded",
        expect.stringMatching(/^integra-bridge\/\w+$/),
        "DeadSessionsMet",
        [{ Name: "service", Value: "user-session" }],
      ],
      [
        "CcdAlarms/StopUndelivered",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        [{ Name: "QueueName", Value: "<CcdStop/DeadLetters.QueueName>" }],
      ],
    ]);
    for (const { Properties } of alarms)
      expect(Properties).toMatchObject({ Threshold: 1, TreatMissingData: "notBreaching", DatapointsToAlarm: 1 });
  });

  test("reach the stage's topic, and listen where the function reports", () => {
    const topic = variant === "prod with a topic of the user's" ? topicArn : ownTopic;
    expect(alarms.map(({ Properties }) => Properties["AlarmActions"])).toEqual(alarms.map(() => [topic]));
    const fetch = synth.resource("AWS::Lambda::Function", "CcdRetrieval/FetchCcds").Properties["Environment"];
    const quarantined = synth.resource("AWS::CloudWatch::Alarm", "CcdAlarms/CcdsQuarantined").Properties;
    expect(fetch).toMatchObject({ Variables: { METRICS_NAMESPACE: quarantined["Namespace"] } });
  });
});
