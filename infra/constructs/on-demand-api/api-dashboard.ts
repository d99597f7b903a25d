import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import { addDashboard, functionGraphs, graph, lostEndsGraph, graphPeriod as period } from "../platform/dashboard.ts";
import { wingMetric } from "../platform/wing-metric.ts";
import type { OnDemandApi } from "./on-demand-api.ts";

const about = `# The API
How often the API is called, how fast it answers, and what it refuses. docs/runbook.md says what to do: *The API answers with errors*.
The access log and the audit trail say who called.`;

interface ApiDashboardProps {
  stage: string;
  api: OnDemandApi;
  /** The sweeps of links that could not be started. */
  deadLetters: sqs.Queue;
  metricsNamespace: string;
}

/** The dashboard of the API. It shows the functions of the whole stack, so add it after them. */
export function addApiDashboard(
  stack: Construct,
  { stage, api, deadLetters, metricsNamespace }: ApiDashboardProps,
): void {
  addDashboard(stack, {
    stage,
    name: "api",
    about,
    rows: [
      [
        graph({ title: "Calls", left: [api.metric("Count", "Sum", period)] }),
        graph({
          title: "Calls answered with 4xx, and with 5xx",
          left: [api.metric("4xx", "Sum", period)],
          right: [api.metric("5xx", "Sum", period)],
        }),
        graph({
          title: "Milliseconds until the answer: half of the calls, and 95 of 100",
          left: [api.metric("Latency", "p50", period), api.metric("Latency", "p95", period)],
        }),
      ],
      functionGraphs(stack),
      [
        lostEndsGraph(
          deadLetters,
          wingMetric(metricsNamespace, sessionMetrics, "EndsSwept", { statistic: cloudwatch.Stats.SUM, period }),
          "Dead letters, and ends of links that only a sweep published",
        ),
      ],
    ],
  });
}
