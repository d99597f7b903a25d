import { Metrics } from "@aws-lambda-powertools/metrics";
import * as z from "zod";
import { environment } from "./environment.ts";

const metricsVariables = z.object({ METRICS_NAMESPACE: z.string().min(1) });

/** CloudWatch metrics in the embedded format, below the stage's namespace. */
export function exportMetrics(): Metrics {
  return new Metrics({ namespace: environment(metricsVariables).METRICS_NAMESPACE, serviceName: "bulk-export" });
}
