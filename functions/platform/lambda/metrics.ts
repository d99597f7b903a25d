import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const namespace = process.env["METRICS_NAMESPACE"] ?? "integra-bridge";

/** One CloudWatch metric. The returned function publishes a value at once. */
export function metric(service: string, name: string, unit: "Count" | "Seconds"): (value: number) => void {
  const metrics = new Metrics({ namespace, serviceName: service });
  return (value) => {
    metrics.addMetric(name, MetricUnit[unit], value);
    metrics.publishStoredMetrics();
  };
}
