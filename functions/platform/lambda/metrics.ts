import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const namespace = process.env["METRICS_NAMESPACE"] ?? "integra-bridge";

/** One metric of CloudWatch, by its name and unit: call it with a value, and the value is published at once. */
export function metric(service: string, name: string, unit: "Count" | "Seconds"): (value: number) => void {
  const metrics = new Metrics({ namespace, serviceName: service });
  return (value) => {
    metrics.addMetric(name, MetricUnit[unit], value);
    metrics.publishStoredMetrics();
  };
}
