import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { PlainMetric, SplitMetric, WingMetrics } from "./wing-metrics.ts";

/** Writes metrics of a wing. CloudWatch reads them from the function's log ("embedded metric format"). */
export interface MetricWriter<Wing extends WingMetrics> {
  /** Writes these values at once. */
  write(values: { readonly [Name in PlainMetric<Wing>]?: number }): void;
  /** Counts one under this value of the metric's own dimension. */
  countBy(name: SplitMetric<Wing>, value: string): void;
}

const namespace = process.env["METRICS_NAMESPACE"] ?? "integra-bridge";

/** The writer of a wing's metrics, in the namespace that the function's environment names. */
export function metricWriter<const Wing extends WingMetrics>({ service, metrics }: Wing): MetricWriter<Wing> {
  const writer = new Metrics({ namespace, serviceName: service });
  const add = (name: string, value: number) => {
    writer.addMetric(name, MetricUnit[metrics[name]?.unit ?? "Count"], value);
  };
  return {
    write: (values) => {
      for (const [name, value] of Object.entries<number | undefined>(values)) if (value !== undefined) add(name, value);
      writer.publishStoredMetrics();
    },
    countBy: (name, value) => {
      writer.addDimension(metrics[name]?.by ?? name, value);
      add(name, 1);
      writer.publishStoredMetrics();
    },
  };
}
