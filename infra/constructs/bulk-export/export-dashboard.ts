import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import {
  addDashboard,
  functionGraphs,
  graph,
  graphMetrics,
  lostEndsGraph,
  graphPeriod as period,
} from "../platform/dashboard.ts";
import { executionsGraph, executionTimesGraph, transitionsGraph } from "../platform/executions-graph.ts";
import { wingMetricBySplit } from "../platform/wing-metric.ts";

export interface ExportDashboardProps {
  stage: string;
  metricsNamespace: string;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  ledger: dynamodb.ITable;
}

const about = `# Exports
How many exports run, what landed, and what failed. docs/runbook.md says what to do: *An export failed*, *An export takes too long*,
*Functions are throttled*. The saved queries of CloudWatch Logs Insights answer what a graph cannot.`;

/** The dashboard of exports. It shows the functions of the whole stack, so add it after them. */
export function addExportDashboard(
  stack: Construct,
  { stage, metricsNamespace, stateMachine, deadLetters, ledger }: ExportDashboardProps,
): void {
  const metric = graphMetrics(metricsNamespace, exportMetrics);
  const { MAXIMUM, SUM } = cloudwatch.Stats;
  addDashboard(stack, {
    stage,
    name: "exports",
    about,
    rows: [
      [
        executionsGraph("Exports by their end", stateMachine),
        graph({
          title: "Exports that run or wait, and the age of the oldest in seconds",
          left: [metric("ExportsOpen", MAXIMUM, "run or wait")],
          right: [metric("ExportAge", MAXIMUM, "oldest")],
        }),
        executionTimesGraph("How long exports took, in milliseconds", stateMachine),
      ],
      [
        graph({
          title: "Files that landed, and bytes",
          left: [metric("FilesLanded", SUM, "files")],
          right: [metric("BytesLanded", SUM, "bytes")],
        }),
        graph({
          title: "Lines that landed, and files that are missing",
          left: [metric("LinesLanded", SUM, "lines")],
          right: [metric("FilesMissing", SUM, "missing files")],
        }),
        graph({
          title: "Failed exports by fault",
          left: [wingMetricBySplit(metricsNamespace, exportMetrics, "ExportsFailed", period)],
        }),
      ],
      functionGraphs(stack),
      [
        lostEndsGraph(deadLetters, metric("EndsSwept", SUM, "swept")),
        transitionsGraph(),
        graph({
          title: "Cost driver: capacity that the ledger consumed",
          left: [ledger.metricConsumedWriteCapacityUnits({ period })],
          right: [ledger.metricConsumedReadCapacityUnits({ period })],
        }),
      ],
    ],
  });
}
