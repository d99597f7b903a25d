import type { CcdEvent } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { type MetricWriter, metricWriter } from "#platform/lambda/metrics.ts";

/** Writes the metrics of an event that was published. Events are published at least once, so a metric may count one twice. */
export function measureCcdEvent(metrics: MetricWriter<typeof ccdMetrics>, { type, detail }: CcdEvent): void {
  switch (type) {
    case "Ccd Ready":
      return metrics.write({ DocumentsLanded: detail.documents });
    case "Ccd Failed":
      return metrics.countBy("CcdsFailed", detail.error.name);
  }
}

/** `measureCcdEvent` with the metrics that the function's environment names. */
export function ccdEventMeter(): (event: CcdEvent) => void {
  const metrics = metricWriter(ccdMetrics);
  return (event) => measureCcdEvent(metrics, event);
}
