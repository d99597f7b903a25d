import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import {
  addDashboard,
  functionGraphs,
  graph,
  graphMetrics,
  lostEndsGraph,
  graphPeriod as period,
} from "../platform/dashboard.ts";
import { executionsGraph, executionTimesGraph } from "../platform/executions-graph.ts";
import { wingMetric, wingMetricBySplit } from "../platform/wing-metric.ts";

export interface CcdDashboardProps {
  stage: string;
  metricsNamespace: string;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
}

const about = `# CCDs
How long callers wait for documents, what was refused, and whether user sessions live. docs/runbook.md says what to do: *A CCD request
failed or hangs*, *The user session has ended*. The saved queries of CloudWatch Logs Insights answer what a graph cannot.`;

/** The dashboard of CCD requests. It shows the functions of the whole stack, so add it after them. */
export function addCcdDashboard(
  stack: Construct,
  { stage, metricsNamespace, stateMachine, deadLetters }: CcdDashboardProps,
): void {
  const { MAXIMUM, SUM } = cloudwatch.Stats;
  const metric = graphMetrics(metricsNamespace, ccdMetrics);
  addDashboard(stack, {
    stage,
    name: "ccds",
    about,
    rows: [
      [
        executionsGraph("CCD requests by their end", stateMachine),
        executionTimesGraph("How long callers waited for their CCDs, in milliseconds", stateMachine),
        graph({
          title: "CCD requests that run or wait, and documents that landed",
          left: [metric("CcdRequestsOpen", MAXIMUM, "run or wait")],
          right: [metric("DocumentsLanded", SUM, "documents")],
        }),
      ],
      [
        graph({
          title: "Failed CCD requests by fault",
          left: [wingMetricBySplit(metricsNamespace, ccdMetrics, "CcdsFailed", period)],
        }),
        graph({
          title: "Quarantined answers, and documents that were refused",
          left: [metric("CcdsQuarantined", SUM, "quarantined")],
          right: [metric("CcdDocumentsRefused", SUM, "refused")],
        }),
        graph({
          title: "Requests that met an ended user session",
          left: [wingMetric(metricsNamespace, sessionMetrics, "DeadSessionsMet", { statistic: SUM, period })],
        }),
      ],
      functionGraphs(stack),
      [lostEndsGraph(deadLetters, metric("EndsSwept", SUM, "swept"))],
    ],
  });
}
