import { describe, expect, test } from "vitest";
import { stageVariants, topicArn, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

describe.each(variantNames)("the alarms for exports of %s", (variant) => {
  const alarms = synthesised(variant)
    .resources("AWS::CloudWatch::Alarm", "export")
    .filter(({ id }) => id.startsWith("Alarms/"))
    .map(({ id, Properties }) => [id, Properties] as const);

  test("there is an alarm for failed, for timed-out and for stalled exports, for dead letters, and for sweeps that fail or find something", () => {
    expect(alarms.map(([id, p]) => [id, p["Namespace"], p["MetricName"], p["Statistic"]])).toEqual([
      ["Alarms/ExportFailed", "AWS/States", "ExecutionsFailed", "Sum"],
      ["Alarms/ExportTimedOut", "AWS/States", "ExecutionsTimedOut", "Sum"],
      ["Alarms/ExportStalled", expect.stringMatching(/^integra-bridge\/\w+$/), "ExportAge", "Maximum"],
      ["Alarms/TriggerUndelivered", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"],
      ["Alarms/SweepFailed", "AWS/Lambda", "Errors", "Sum"],
      ["Alarms/EndsSwept", expect.stringMatching(/^integra-bridge\/\w+$/), "EndsSwept", "Sum"],
    ]);
  });

  test("each alarm watches a resource of this stage", () => {
    expect(alarms.map(([, p]) => p["Dimensions"])).toEqual([
      [{ Name: "StateMachineArn", Value: "<BulkExport/StateMachine>" }],
      [{ Name: "StateMachineArn", Value: "<BulkExport/StateMachine>" }],
      // The functions publish their metrics with this dimension.
      [{ Name: "service", Value: "bulk-export" }],
      [{ Name: "QueueName", Value: "<Trigger/DeadLetters.QueueName>" }],
      [{ Name: "FunctionName", Value: "<Sweeping/Sweeper/Sweep/Function>" }],
      [{ Name: "service", Value: "bulk-export" }],
    ]);
  });

  test("one value is enough for an alarm, and missing values are not", () => {
    const counts = alarms.filter(([id]) => !id.endsWith("Stalled"));
    expect(counts.map(([, p]) => p["Threshold"])).toEqual([1, 1, 1, 1, 1]);
    for (const [, p] of alarms) expect(p).toMatchObject({ TreatMissingData: "notBreaching", DatapointsToAlarm: 1 });
  });

  test("every alarm notifies the stage's topic", () => {
    const { stage } = stageVariants[variant];
    const topic = variant === "prod with a topic of the user's" ? topicArn : `integra-bridge-${stage}-alarms`;
    expect(alarms.map(([, p]) => p["AlarmActions"])).toEqual(alarms.map(() => [topic]));
  });

  test("poll-export reports the age of exports in the namespace that the alarm watches", () => {
    const synth = synthesised(variant);
    const poll = synth.resource("AWS::Lambda::Function", "BulkExport/PollExport").Properties["Environment"];
    const stalled = synth.resource("AWS::CloudWatch::Alarm", "Alarms/ExportStalled").Properties;
    expect(poll).toMatchObject({ Variables: { METRICS_NAMESPACE: stalled["Namespace"] } });
  });
});

test("an export is stalled after the hours of the settings", () => {
  const synth = synthesised("prod with every option");
  const threshold = synth.resource("AWS::CloudWatch::Alarm", "Alarms/ExportStalled").Properties["Threshold"];
  expect(threshold).toBe(2 * 3600);
});
