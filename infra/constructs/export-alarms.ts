import { Duration, Stack, Validations } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { StageSettings } from "../settings.ts";

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

  /** Rings when one of the last `periods` values reaches the threshold: a slow server is heard of only now and then. */
  #alarm(id: string, metric: cloudwatch.IMetric, threshold: number, description: string, periods = 1): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: description,
      metric,
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    Validations.of(alarm).acknowledge({
      id: "HIPAA.Security-CloudWatchAlarmAction",
      reason: "The alarm acts on ALARM; being back to OK needs nobody.",
    });
  }
}
