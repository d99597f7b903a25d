import { describe, expect, test } from "vitest";
import { statements } from "../policies.ts";
import { synthesised } from "../synthesised.ts";

const ownTopic = "<Alarms/Topic>";

describe("the stage's own topic", () => {
  const synth = synthesised("prod with every option");

  test("the topic has a fixed name, is encrypted, and mails to the address of the settings", () => {
    expect(synth.resource("AWS::SNS::Topic", "Alarms/Topic").Properties).toMatchObject({
      // The alarms of the other stacks notify the topic by this name.
      TopicName: "integra-bridge-prod-alarms",
      KmsMasterKeyId: "<Key>",
    });
    const subscriptions = synth.resources("AWS::SNS::Subscription").map(({ Properties }) => Properties);
    expect(subscriptions.filter(({ TopicArn }) => TopicArn === ownTopic)).toEqual([
      expect.objectContaining({ Protocol: "email", Endpoint: "on-call@example.org", TopicArn: ownTopic }),
    ]);
  });

  test("the topic's policy lets CloudWatch publish, which SNS's default policy would have allowed", () => {
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

  test("the key's policy lets CloudWatch encrypt for the topic, for alarms of this account", () => {
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
});

test("a stage with a topic in its settings creates no topic", () => {
  const synth = synthesised("prod with a topic of the user's");
  expect([...synth.resources("AWS::SNS::Topic"), ...synth.resources("AWS::SNS::TopicPolicy")]).toEqual([]);
});
