import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import type { WingMetrics } from "#platform/lambda/wing-metrics.ts";
import { addAlarm } from "./add-alarm.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import { wingMetric } from "./wing-metric.ts";

interface SweptWing extends WingMetrics {
  readonly metrics: { readonly EndsSwept: { readonly unit: "Count" } };
}

export interface SweepAlarmsProps {
  sweep: LambdaFunction;
  /** The metrics of the sweeper's wing. */
  wing: SweptWing;
  metricsNamespace: string;
  /** What is swept, as the alarms' recipient reads it. */
  what: string;
}

/** Alarms if a sweeper fails, and if it had to publish an end: then an event was lost, or a function failed for good. */
export function addSweepAlarms(
  scope: Construct,
  topic: sns.ITopic,
  { sweep, wing, metricsNamespace, what }: SweepAlarmsProps,
): void {
  const period = Duration.minutes(5);
  addAlarm(scope, "SweepFailed", topic, {
    metric: sweep.function.metricErrors({ period }),
    threshold: 1,
    description: `A sweep could not settle some ${what}, or failed. Its log says which and why.`,
    runbook: "a-sweep-found-something",
  });
  addAlarm(scope, "EndsSwept", topic, {
    metric: wingMetric(metricsNamespace, wing, "EndsSwept", { statistic: cloudwatch.Stats.SUM, period }),
    threshold: 1,
    description: `A sweep published the end of ${what}, because nothing else had. An event was lost.`,
    runbook: "a-sweep-found-something",
  });
}
