import { Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/** Notifies when somebody disables the key or schedules its deletion. */
export function addKeyNotice(scope: Construct, topic: sns.ITopic, key: kms.IKey): void {
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
