import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import { type MetricWriter, metricWriter } from "#platform/lambda/metrics.ts";

/**
 * Writes the metrics of an event that was published. Events are published at least once, so a metric may count one twice; the
 * summary has the exact totals.
 */
export function measureExportEvent(metrics: MetricWriter<typeof exportMetrics>, { type, detail }: ExportEvent): void {
  switch (type) {
    case "Export File Landed": {
      const { lines, bytes } = detail.file;
      return metrics.write({ FilesLanded: 1, LinesLanded: lines, BytesLanded: bytes });
    }
    case "Export Completed":
      return metrics.write({ FilesMissing: detail.totals.failedFiles });
    case "Export Failed":
      return metrics.countBy("ExportsFailed", detail.error.name);
    case "Export Started":
    case "Export Cancelled":
      // Step Functions counts the executions that it started and that were stopped.
      return;
  }
}

/** `measureExportEvent` with the metrics that the function's environment names. */
export function exportEventMeter(): (event: ExportEvent) => void {
  const metrics = metricWriter(exportMetrics);
  return (event) => measureExportEvent(metrics, event);
}
