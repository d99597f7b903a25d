import { describe, expect, test } from "vitest";
import { stageVariants, topicArn, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

describe.each(variantNames)("the alarms for requests for CCDs of %s", (variant) => {
  const synth = synthesised(variant);
  const alarms = synth.resources("AWS::CloudWatch::Alarm", "documents").filter(({ id }) => id.startsWith("CcdAlarms/"));

  test("there is an alarm for failed and for timed-out requests, for quarantined answers, for refused documents, for an ended session, for dead letters, and for sweeps that fail or find something", () => {
    const machine = [{ Name: "StateMachineArn", Value: "<CcdRetrieval/StateMachine>" }];
    expect(alarms.map(({ id, Properties: p }) => [id, p["Namespace"], p["MetricName"], p["Dimensions"]])).toEqual([
      ["CcdAlarms/CcdsFailed", "AWS/States", "ExecutionsFailed", machine],
      ["CcdAlarms/CcdsTimedOut", "AWS/States", "ExecutionsTimedOut", machine],
      [
        "CcdAlarms/CcdsQuarantined",
        expect.stringMatching(/^integra-bridge\/\w+$/),
        "CcdsQuarantined",
        // The functions publish their metrics with this dimension.
        [{ Name: "service", Value: "ccd-retrieval" }],
      ],
      [
        "CcdAlarms/CcdDocumentsRefused",
        expect.stringMatching(/^integra-bridge\/\w+$/),
        "CcdDocumentsRefused",
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
      [
        "CcdAlarms/SweepFailed",
        "AWS/Lambda",
        "Errors",
        [{ Name: "FunctionName", Value: "<CcdSweeping/Sweeper/Sweep/Function>" }],
      ],
      [
        "CcdAlarms/EndsSwept",
        expect.stringMatching(/^integra-bridge\/\w+$/),
        "EndsSwept",
        [{ Name: "service", Value: "ccd-retrieval" }],
      ],
    ]);
    for (const { Properties } of alarms)
      expect(Properties).toMatchObject({ Threshold: 1, TreatMissingData: "notBreaching", DatapointsToAlarm: 1 });
  });

  test("every alarm notifies the stage's topic, and fetch-ccds reports in the namespace that the alarm watches", () => {
    const { stage } = stageVariants[variant];
    const topic = variant === "prod with a topic of the user's" ? topicArn : `integra-bridge-${stage}-alarms`;
    expect(alarms.map(({ Properties }) => Properties["AlarmActions"])).toEqual(alarms.map(() => [topic]));
    const fetch = synth.resource("AWS::Lambda::Function", "CcdRetrieval/FetchCcds").Properties["Environment"];
    const quarantined = synth.resource("AWS::CloudWatch::Alarm", "CcdAlarms/CcdsQuarantined").Properties;
    expect(fetch).toMatchObject({ Variables: { METRICS_NAMESPACE: quarantined["Namespace"] } });
  });
});
