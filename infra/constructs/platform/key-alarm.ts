import { Stack, Validations } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { AlarmSettings } from "../../settings/platform.ts";

export interface KeyAlarmProps {
  settings: AlarmSettings;
  key: kms.IKey;
}

/**
 * Notifies when somebody disables the key or schedules its deletion. The alarms' own topic cannot say so: this key encrypts it,
 * and SNS refuses to publish to a topic whose key is disabled. So the stage has a topic without encryption for this one message.
 */
export function keyAlarm(scope: Construct, { settings, key }: KeyAlarmProps): void {
  const topic = keyTopic(scope, settings);
  new events.Rule(scope, "KeyDisabled", {
    description: "The key that encrypts everything was disabled, or is scheduled for deletion",
    eventPattern: {
      source: ["aws.kms"],
      detailType: ["AWS API Call via CloudTrail"],
      detail: {
        eventSource: ["kms.amazonaws.com"],
        eventName: ["DisableKey", "ScheduleKeyDeletion"],
        resources: { ARN: [key.keyArn] },
      },
    },
    targets: [
      new targets.SnsTopic(topic, {
        message: events.RuleTargetInput.fromText(
          `${events.EventField.fromPath("$.detail.eventName")} was called for the key of ${Stack.of(scope).stackName}. ` +
            "Without the key, the bridge can neither read nor write. See docs/runbook.md#the-key-is-disabled.",
        ),
      }),
    ],
  });
}

function keyTopic(scope: Construct, { topicArn, email }: AlarmSettings): sns.ITopic {
  if (topicArn !== undefined) return sns.Topic.fromTopicArn(scope, "KeyTopic", topicArn);
  const topic = new sns.Topic(scope, "KeyTopic", { enforceSSL: true });
  if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
  for (const id of ["AwsSolutions-SNS2", "HIPAA.Security-SNSEncryptedKMS"]) {
    Validations.of(topic).acknowledge({
      id,
      reason: "The topic says that the stage's key is disabled, so that key must not encrypt it. Messages hold no PHI.",
    });
  }
  return topic;
}
