import { CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { eventSource } from "#platform/bus/event-language.ts";
import { deadLetterQueue } from "../constructs/platform/dead-letter-queue.ts";

export interface ExampleSubscriberStackProps extends StackProps {
  bus: events.IEventBus;
}

/** An example of a subscriber's own stack: a rule on the bridge's bus, and a queue that receives the bridge's events. */
export class ExampleSubscriberStack extends Stack {
  constructor(scope: Construct, id: string, props: ExampleSubscriberStackProps) {
    super(scope, id, props);
    const deadLetters = deadLetterQueue(this, "DeadLetters");
    const queue = new sqs.Queue(this, "Events", {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(30),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    new events.Rule(this, "Subscription", {
      eventBus: props.bus,
      eventPattern: { source: [eventSource] },
      targets: [new targets.SqsQueue(queue, { deadLetterQueue: deadLetters })],
    });
    new CfnOutput(this, "QueueUrl", { value: queue.queueUrl });
  }
}
