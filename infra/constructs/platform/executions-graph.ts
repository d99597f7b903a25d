import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { graph, graphPeriod } from "./dashboard.ts";

const options = { period: graphPeriod };

/** The executions of a state machine: how many started, and how they ended. */
export function executionsGraph(title: string, machine: sfn.StateMachine): cloudwatch.GraphWidget {
  return graph({
    title,
    left: [
      machine.metricStarted({ ...options, label: "started" }),
      machine.metricSucceeded({ ...options, label: "succeeded" }),
      machine.metricFailed({ ...options, label: "failed" }),
      machine.metricTimedOut({ ...options, label: "timed out" }),
      machine.metricAborted({ ...options, label: "stopped" }),
    ],
  });
}

/** How long executions took from start to end, in milliseconds: half of them, and nearly all of them. */
export function executionTimesGraph(title: string, machine: sfn.StateMachine): cloudwatch.GraphWidget {
  return graph({
    title,
    left: [
      machine.metricTime({ ...options, statistic: "p50", label: "half of them" }),
      machine.metricTime({ ...options, statistic: "p95", label: "95 of 100" }),
    ],
  });
}

/** The state transitions of the whole account: Step Functions does not count them by state machine. */
export function transitionsGraph(): cloudwatch.GraphWidget {
  return graph({
    title: "Cost driver: state transitions of the whole account",
    left: [transitions("ConsumedCapacity", "transitions")],
    right: [transitions("ThrottledEvents", "throttled")],
  });
}

/** A metric of the account's state transitions (Step Functions, "Service metrics"). */
const transitions = (metricName: string, label: string): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: "AWS/States",
    metricName,
    dimensionsMap: { ServiceMetric: "StateTransition" },
    statistic: cloudwatch.Stats.SUM,
    label,
    ...options,
  });
