import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sns from "aws-cdk-lib/aws-sns";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import { addAlarm } from "../platform/add-alarm.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { addSweepAlarms } from "../platform/sweep-alarms.ts";
import { wingMetric } from "../platform/wing-metric.ts";

export interface CcdAlarmsProps {
  topic: sns.ITopic;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  /** The function that looks for requests that ended without a published end. */
  sweep: LambdaFunction;
  metricsNamespace: string;
}

const failed = "a-ccd-request-failed-or-hangs";

/**
 * Alarms for requests for CCDs that fail or time out, for quarantined answers, for documents that were refused by themselves, and
 * for a user session that has ended.
 */
export class CcdAlarms extends Construct {
  constructor(scope: Construct, id: string, props: CcdAlarmsProps) {
    super(scope, id);
    const { topic, stateMachine, deadLetters, sweep, metricsNamespace: namespace } = props;
    const period = Duration.minutes(5);
    const alarm = (alarmId: string, metric: cloudwatch.IMetric, description: string, runbook = failed) =>
      addAlarm(this, alarmId, topic, { metric, threshold: 1, description, runbook });
    const sum = { statistic: cloudwatch.Stats.SUM, period };
    alarm(
      "CcdsFailed",
      stateMachine.metricFailed({ period }),
      "A request for CCDs failed. Its Ccd Failed event says why.",
    );
    alarm(
      "CcdsTimedOut",
      stateMachine.metricTimedOut({ period }),
      "The execution of a request for CCDs reached its time limit.",
    );
    alarm(
      "CcdsQuarantined",
      wingMetric(namespace, ccdMetrics, "CcdsQuarantined", sum),
      "IntegraConnect sent another patient's documents, or an archive that may be an attack. See quarantine/ccds/.",
    );
    alarm(
      "CcdDocumentsRefused",
      wingMetric(namespace, ccdMetrics, "CcdDocumentsRefused", sum),
      "Documents were damaged or did not prove their patient, and others of the answer landed. See quarantine/ccds/.",
    );
    alarm(
      "SessionEnded",
      wingMetric(namespace, sessionMetrics, "DeadSessionsMet", sum),
      "IntegraConnect ended the user session. Every on-demand request fails until you renew it.",
      "the-user-session-has-ended",
    );
    alarm(
      "StopUndelivered",
      deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
      "A request for CCDs whose execution was stopped could not be ended. See the dead-letter queue.",
      "a-trigger-was-not-delivered",
    );
    addSweepAlarms(this, topic, {
      sweep,
      wing: ccdMetrics,
      metricsNamespace: namespace,
      what: "requests for CCDs",
    });
  }
}
