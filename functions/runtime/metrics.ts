import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const namespace = process.env["METRICS_NAMESPACE"] ?? "integra-bridge";
const metrics = new Metrics({ namespace, serviceName: "bulk-export" });
const sessionMetrics = new Metrics({ namespace, serviceName: "user-session" });
const ccdMetrics = new Metrics({ namespace, serviceName: "ccd-retrieval" });

/** Tells CloudWatch how old an export is at one of its steps: the alarm on stalled exports reads it. */
export function reportExportAge(startedAt: string): void {
  const seconds = Math.round((Date.now() - Date.parse(startedAt)) / 1000);
  metrics.addMetric("ExportAge", MetricUnit.Seconds, seconds);
  metrics.publishStoredMetrics();
}

/** Tells CloudWatch that an answer with documents was quarantined: an alarm rings at the first one. */
export function reportQuarantine(): void {
  ccdMetrics.addMetric("CcdsQuarantined", MetricUnit.Count, 1);
  ccdMetrics.publishStoredMetrics();
}

/** Tells CloudWatch that a dead user session was asked for: an alarm rings until it is renewed, or nobody asks any more. */
export function reportDeadSession(): void {
  sessionMetrics.addMetric("DeadSessionsMet", MetricUnit.Count, 1);
  sessionMetrics.publishStoredMetrics();
}
