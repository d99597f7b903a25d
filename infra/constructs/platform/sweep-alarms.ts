import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { addAlarm } from "./add-alarm.ts";
import type { LambdaFunction } from "./lambda-function.ts";

export interface SweepAlarmsProps {
  sweep: LambdaFunction;
  /** The wing, as the dimension of its metrics names it. */
  service: string;
  metricsNamespace: string;
  /** What is swept, as the alarms' recipient reads it. */
  what: string;
}

/** Alarms if a sweeper fails, and if it had to publish an end: then an event was lost, or a function failed for good. */
export function addSweepAlarms(
  scope: Construct,
  topic: sns.ITopic,
  { sweep, service, metricsNamespace, what }: SweepAlarmsProps,
): void {
  const period = Duration.minutes(5);
  addAlarm(scope, "SweepFailed", topic, {
    metric: sweep.function.metricErrors({ period }),
    threshold: 1,
    description: `A sweep could not settle some ${what}, or failed. Its log says which and why.`,
    runbook: "a-sweep-found-something",
  });
  addAlarm(scope, "EndsSwept", topic, {
    metric: new cloudwatch.Metric({
      namespace: metricsNamespace,
      metricName: "EndsSwept",
      dimensionsMap: { service },
      statistic: cloudwatch.Stats.SUM,
      period,
    }),
    threshold: 1,
    description: `A sweep published the end of ${what}, because nothing else had. An event was lost.`,
    runbook: "a-sweep-found-something",
  });
}
