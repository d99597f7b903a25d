import { Duration, Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";
import { ringingAlarm } from "./ringing-alarm.ts";

export interface ExportAlarmsProps {
  settings: StageSettings["alarms"];
  key: kms.IKey;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  metricsNamespace: string;
}

/** Rings when an export fails, takes too long, or could not even be started. */
export class ExportAlarms extends Construct {
  readonly topic: sns.ITopic;

  constructor(scope: Construct, id: string, props: ExportAlarmsProps) {
    super(scope, id);
    const { settings, stateMachine, deadLetters, metricsNamespace } = props;
    this.topic = this.#topic(props);
    const period = Duration.minutes(5);
    this.#alarm(
      "ExportFailed",
      stateMachine.metricFailed({ period }),
      1,
      "An export failed: its Export Failed event says why",
    );
    this.#alarm(
      "ExportTimedOut",
      stateMachine.metricTimedOut({ period }),
      1,
      "An export ran into its execution's time limit",
    );
    const age = new cloudwatch.Metric({
      namespace: metricsNamespace,
      metricName: "ExportAge",
      dimensionsMap: { service: "bulk-export" },
      statistic: cloudwatch.Stats.MAXIMUM,
      period,
    });
    this.#alarm("ExportStalled", age, settings.stalledAfterHours * 3600, "An export takes too long", 12);
    const stuck = deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM });
    this.#alarm(
      "TriggerUndelivered",
      stuck,
      1,
      "A trigger or a stop could not be delivered: see the dead-letter queue",
    );
  }

  #topic({ settings, key }: ExportAlarmsProps): sns.ITopic {
    if (settings.topicArn !== undefined) return sns.Topic.fromTopicArn(this, "Topic", settings.topicArn);
    const topic = new sns.Topic(this, "Topic", { masterKey: key, enforceSSL: true });
    // A topic with a policy of its own, as enforceSSL makes one, admits nobody that it does not name.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "AlarmsOfThisAccount",
        principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    );
    if (settings.email !== undefined) topic.addSubscription(new EmailSubscription(settings.email));
    return topic;
  }

  #alarm(id: string, metric: cloudwatch.IMetric, threshold: number, description: string, periods = 1): void {
    ringingAlarm(this, id, this.topic, { metric, threshold, description, periods });
  }
}
