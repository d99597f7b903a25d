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
    const { topic, stateMachine, deadLetters, metricsNamespace } = props;
    const period = Duration.minutes(5);
    ringingAlarm(this, "CcdsFailed", topic, {
      metric: stateMachine.metricFailed({ period }),
      threshold: 1,
      description: "A request for CCDs failed: its Ccd Failed event says why",
    });
    ringingAlarm(this, "CcdsTimedOut", topic, {
      metric: stateMachine.metricTimedOut({ period }),
      threshold: 1,
      description: "A request for CCDs ran into its execution's time limit",
    });
    ringingAlarm(this, "CcdsQuarantined", topic, {
      metric: new cloudwatch.Metric({
        namespace: metricsNamespace,
        metricName: "CcdsQuarantined",
        dimensionsMap: { service: "ccd-retrieval" },
        statistic: cloudwatch.Stats.SUM,
        period,
      }),
      threshold: 1,
      description:
        "IntegraConnect sent another patient's documents, or an archive that is an attack: see quarantine/ccds/",
    });
    ringingAlarm(this, "SessionEnded", topic, {
      metric: new cloudwatch.Metric({
        namespace: metricsNamespace,
        metricName: "DeadSessionsMet",
        dimensionsMap: { service: "user-session" },
        statistic: cloudwatch.Stats.SUM,
        period,
      }),
      threshold: 1,
      description:
        "IntegraConnect ended the user session: nothing can be asked on demand until it is renewed (docs/runbook.md)",
    });
    ringingAlarm(this, "StopUndelivered", topic, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
      threshold: 1,
      description: "A stopped request for CCDs could not be ended: see the dead-letter queue",
    });
  }
}
