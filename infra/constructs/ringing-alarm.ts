import { Validations } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

export interface RingingAlarm {
  metric: cloudwatch.IMetric;
  threshold: number;
  description: string;
  periods?: number;
}

/** Rings when one of the last `periods` values reaches the threshold: a slow server is heard of only now and then. */
export function ringingAlarm(
  scope: Construct,
  id: string,
  topic: sns.ITopic,
  { metric, threshold, description, periods = 1 }: RingingAlarm,
): void {
  const alarm = new cloudwatch.Alarm(scope, id, {
    alarmDescription: description,
    metric,
    threshold,
    evaluationPeriods: periods,
    datapointsToAlarm: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  Validations.of(alarm).acknowledge({
    id: "HIPAA.Security-CloudWatchAlarmAction",
    reason: "The alarm acts on ALARM; being back to OK needs nobody.",
  });
}
