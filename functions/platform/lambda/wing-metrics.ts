/**
 * The CloudWatch metrics of one wing. Each value has the dimension `service`. Metrics with `by` have that dimension as well; its
 * values come from a closed list, because each value is a metric of its own that CloudWatch bills.
 */
export interface WingMetrics {
  readonly service: string;
  readonly metrics: Readonly<Record<string, { readonly unit: "Count" | "Seconds" | "Bytes"; readonly by?: string }>>;
}

type MetricName<Wing extends WingMetrics> = keyof Wing["metrics"] & string;

/** The metrics of a wing that have no dimension but `service`. */
export type PlainMetric<Wing extends WingMetrics> = {
  [Name in MetricName<Wing>]: Wing["metrics"][Name] extends { by: string } ? never : Name;
}[MetricName<Wing>];

/** The metrics of a wing that have a dimension of their own. */
export type SplitMetric<Wing extends WingMetrics> = Exclude<MetricName<Wing>, PlainMetric<Wing>>;
