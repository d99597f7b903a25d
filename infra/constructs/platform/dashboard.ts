import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { PlainMetric, WingMetrics } from "#platform/lambda/wing-metrics.ts";
import { LambdaFunction } from "./lambda-function.ts";
import { wingMetric } from "./wing-metric.ts";

/** CloudWatch divides the width of a dashboard into so many columns. */
const columns = 24;

/** The sums and counts of the dashboards are those of five minutes. */
export const graphPeriod = Duration.minutes(5);

export interface GraphProps {
  title: string;
  left: cloudwatch.IMetric[];
  /** Metrics with a unit of their own: they have the axis on the right. */
  right?: cloudwatch.IMetric[];
}

/** A graph that takes a third of the width. Its axes begin at 0, so that small changes look small. */
export function graph({ title, left, right = [] }: GraphProps): cloudwatch.GraphWidget {
  const axis = { min: 0, showUnits: false };
  return new cloudwatch.GraphWidget({ title, left, right, width: columns / 3, leftYAxis: axis, rightYAxis: axis });
}

export interface DashboardProps {
  stage: string;
  /** The last part of the dashboard's name, such as `exports`. */
  name: string;
  /** What a reader sees first, in Markdown: what the graphs are about, and where to look next. */
  about: string;
  rows: cloudwatch.IWidget[][];
}

/** The name of a dashboard, which is the same in each deployment of the stage. */
export const dashboardName = (stage: string, name: string): string => `integra-bridge-${stage}-${name}`;

/**
 * Adds a dashboard. Each stack has its own, which names the resources of that stack only. One dashboard over all stacks would import
 * each function from its stack, and no function could be replaced any more (docs/adr/0017-egress-apart-from-its-users.md).
 */
export function addDashboard(scope: Construct, { stage, name, about, rows }: DashboardProps): void {
  new cloudwatch.Dashboard(scope, "Dashboard", {
    dashboardName: dashboardName(stage, name),
    defaultInterval: Duration.days(1),
    widgets: [[new cloudwatch.TextWidget({ markdown: about, width: columns, height: 3 })], ...rows],
  });
}

/** The metrics of a wing for its dashboard, by name, statistic and label. */
export const graphMetrics =
  <Wing extends WingMetrics>(namespace: string, wing: Wing) =>
  (name: PlainMetric<Wing>, statistic: string, label: string): cloudwatch.Metric =>
    wingMetric(namespace, wing, name, { statistic, period: graphPeriod }).with({ label });

/** A graph of what did not go its usual way. `swept`: the ends that only a sweep published. */
export function lostEndsGraph(
  deadLetters: sqs.Queue,
  swept: cloudwatch.IMetric,
  title = "Dead letters, and ends that only a sweep published",
): cloudwatch.GraphWidget {
  const waiting = { period: graphPeriod, statistic: cloudwatch.Stats.MAXIMUM };
  return graph({ title, left: [deadLetters.metricApproximateNumberOfMessagesVisible(waiting)], right: [swept] });
}

/** Graphs of all functions below a construct: what Lambda throttled, what failed, how long calls take, and what they cost. */
export function functionGraphs(scope: Construct): cloudwatch.GraphWidget[] {
  const functions = scope.node.findAll().filter((one) => one instanceof LambdaFunction);
  const options = { period: graphPeriod };
  const each = (metricOf: (one: LambdaFunction) => cloudwatch.Metric) =>
    functions.map((one) => metricOf(one).with({ label: one.name }));
  return [
    graph({
      title: "Throttled calls, and calls that failed",
      left: each(({ function: lambda }) => lambda.metricThrottles(options)),
      right: each(({ function: lambda }) => lambda.metricErrors(options)),
    }),
    graph({
      title: "Duration of calls in milliseconds, the slowest of a hundred",
      left: each(({ function: lambda }) => lambda.metricDuration({ ...options, statistic: "p99" })),
    }),
    graph({ title: "Cost driver: GB-seconds of all functions", left: [gigabyteSeconds(functions)] }),
  ];
}

/** What Lambda bills, beside the calls: memory times duration, over all functions. */
function gigabyteSeconds(functions: readonly LambdaFunction[]): cloudwatch.MathExpression {
  const durations = functions.map(({ function: lambda }, index) => [
    `d${index}`,
    lambda.metricDuration({ statistic: cloudwatch.Stats.SUM, period: graphPeriod }),
  ]);
  // A metric without a value would leave the whole sum without one.
  const terms = functions.map(({ memoryMiB }, index) => `FILL(d${index}, 0) * ${memoryMiB / 1024 / 1000}`);
  return new cloudwatch.MathExpression({
    expression: terms.join(" + "),
    usingMetrics: Object.fromEntries(durations) as Record<string, cloudwatch.IMetric>,
    label: "GB-seconds",
    period: graphPeriod,
  });
}
