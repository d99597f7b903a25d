import { Validations } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

export interface AlarmProps {
  metric: cloudwatch.IMetric;
  /** The alarm fires at this value and above. */
  threshold: number;
  /** What the recipient of the alarm reads: what happened, and where to look. */
  description: string;
  /** The anchor of the section of docs/runbook.md that says what to do. */
  runbook: string;
  /** How many of the metric's latest periods count; 1 if absent. */
  periods?: number;
  /** Whether the value of each of these periods must reach the threshold, instead of one. */
  inARow?: boolean;
}

/**
 * Adds an alarm that notifies a topic if one of the latest `periods` values reaches the threshold. More than one period
 * is for metrics that are not reported in each of them, or for values that matter if they last (`inARow`). A period without a value raises no alarm.
 */
export function addAlarm(
  scope: Construct,
  id: string,
  topic: sns.ITopic,
  { metric, threshold, description, runbook, periods = 1, inARow = false }: AlarmProps,
): void {
  const alarm = new cloudwatch.Alarm(scope, id, {
    alarmDescription: `${description} See docs/runbook.md#${runbook}.`,
    metric,
    threshold,
    evaluationPeriods: periods,
    datapointsToAlarm: inARow ? periods : 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  Validations.of(alarm).acknowledge({
    id: "HIPAA.Security-CloudWatchAlarmAction",
    reason: "The alarm notifies when it enters ALARM. The return to OK needs no action.",
  });
}
