import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as sns from "aws-cdk-lib/aws-sns";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { ringingAlarm } from "./ringing-alarm.ts";

export interface CcdAlarmsProps {
  topic: sns.ITopic;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  metricsNamespace: string;
}

/** Rings when a request for CCDs fails or hangs, and, by itself, when an answer had to be quarantined or the session ended. */
export class CcdAlarms extends Construct {
  constructor(scope: Construct, id: string, props: CcdAlarmsProps) {
    super(scope, id);
    const { topic, stateMachine, deadLetters, metricsNamespace: namespace } = props;
    const period = Duration.minutes(5);
    const ring = (alarm: string, metric: cloudwatch.IMetric, description: string) =>
      ringingAlarm(this, alarm, topic, { metric, threshold: 1, description });
    const counted = (metricName: string, service: string) =>
      new cloudwatch.Metric({
        namespace,
        metricName,
        dimensionsMap: { service },
        statistic: cloudwatch.Stats.SUM,
        period,
      });
    ring(
      "CcdsFailed",
      stateMachine.metricFailed({ period }),
      "A request for CCDs failed: its Ccd Failed event says why",
    );
    ring(
      "CcdsTimedOut",
      stateMachine.metricTimedOut({ period }),
      "A request for CCDs ran into its execution's time limit",
    );
    ring(
      "CcdsQuarantined",
      counted("CcdsQuarantined", "ccd-retrieval"),
      "IntegraConnect sent another patient's documents, or an archive that is an attack: see quarantine/ccds/",
    );
    ring(
      "SessionEnded",
      counted("DeadSessionsMet", "user-session"),
      "IntegraConnect ended the user session: nothing can be asked on demand until it is renewed (docs/runbook.md)",
    );
    ring(
      "StopUndelivered",
      deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
      "A stopped request for CCDs could not be ended: see the dead-letter queue",
    );
  }
}
