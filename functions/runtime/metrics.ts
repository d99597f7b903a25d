import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const metrics = new Metrics({
  namespace: process.env["METRICS_NAMESPACE"] ?? "integra-bridge",
  serviceName: "bulk-export",
});

/** Tells CloudWatch how old an export is at one of its steps: the alarm on stalled exports reads it. */
export function reportExportAge(startedAt: string): void {
  const seconds = Math.round((Date.now() - Date.parse(startedAt)) / 1000);
  metrics.addMetric("ExportAge", MetricUnit.Seconds, seconds);
  metrics.publishStoredMetrics();
}
