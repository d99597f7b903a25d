import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sns from "aws-cdk-lib/aws-sns";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import type { AlarmSettings } from "../../settings/platform.ts";
import { addAlarm } from "../platform/add-alarm.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { addSweepAlarms } from "../platform/sweep-alarms.ts";
import { wingMetric } from "../platform/wing-metric.ts";

export interface ExportAlarmsProps {
  settings: AlarmSettings;
  topic: sns.ITopic;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  /** The function that looks for exports that ended without a published end. */
  sweep: LambdaFunction;
  metricsNamespace: string;
}

/** Alarms for exports that fail, take too long, cannot be started or stopped, or end without a published end. */
export class ExportAlarms extends Construct {
  constructor(scope: Construct, id: string, props: ExportAlarmsProps) {
    super(scope, id);
    const { settings, topic, stateMachine, deadLetters, sweep, metricsNamespace } = props;
    const period = Duration.minutes(5);
    addAlarm(this, "ExportFailed", topic, {
      metric: stateMachine.metricFailed({ period }),
      threshold: 1,
      description: "An export failed. Its Export Failed event says why.",
      runbook: "an-export-failed",
    });
    addAlarm(this, "ExportTimedOut", topic, {
      metric: stateMachine.metricTimedOut({ period }),
      threshold: 1,
      description: "The execution of an export reached its time limit.",
      runbook: "an-export-takes-too-long",
    });
    addAlarm(this, "ExportStalled", topic, {
      metric: wingMetric(metricsNamespace, exportMetrics, "ExportAge", { statistic: cloudwatch.Stats.MAXIMUM, period }),
      threshold: settings.stalledAfterHours * 3600,
      description: `An export runs for longer than the setting alarms.stalledAfterHours allows (${settings.stalledAfterHours}).`,
      runbook: "an-export-takes-too-long",
      // Only a running function reports the age. An export that waits for a slow server reports it now and then.
      periods: 12,
    });
    addAlarm(this, "TriggerUndelivered", topic, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
      threshold: 1,
      description: "A trigger, or the event of a stopped export, could not be processed. See the dead-letter queue.",
      runbook: "a-trigger-was-not-delivered",
    });
    addSweepAlarms(this, topic, {
      sweep,
      wing: exportMetrics,
      metricsNamespace,
      what: "exports",
    });
  }
}
