import type { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type { PlainMetric, SplitMetric, WingMetrics } from "#platform/lambda/wing-metrics.ts";

/** A metric that the functions of a wing write, over all of them. */
export function wingMetric<Wing extends WingMetrics>(
  namespace: string,
  { service }: Wing,
  metricName: PlainMetric<Wing>,
  { statistic, period }: { statistic: string; period: Duration },
): cloudwatch.Metric {
  return new cloudwatch.Metric({ namespace, metricName, dimensionsMap: { service }, statistic, period });
}

/** The sums of a metric, one for each value that its own dimension has had. CloudWatch looks for them when somebody reads the graph. */
export function wingMetricBySplit<Wing extends WingMetrics>(
  namespace: string,
  { service, metrics }: Wing,
  metricName: SplitMetric<Wing>,
  period: Duration,
): cloudwatch.MathExpression {
  const by = metrics[metricName]?.by ?? metricName;
  const search = `{"${namespace}","service","${by}"} MetricName="${metricName}" service="${service}"`;
  const expression = `SEARCH('${search}', 'Sum', ${period.toSeconds()})`;
  return new cloudwatch.MathExpression({ expression, usingMetrics: {}, label: "", period });
}
