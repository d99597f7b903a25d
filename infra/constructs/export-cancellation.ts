import { Duration } from "aws-cdk-lib";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { auditOf, grantBus, grantLanding, grantLedger } from "./landing-access.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";
import { callWhenStopped } from "./stopped-executions.ts";

export interface ExportCancellationProps {
  landing: LandingStack;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** What follows when an export's execution is stopped, by whatever means: the job is deleted, the subscribers are told. */
export class ExportCancellation extends Construct {
  constructor(scope: Construct, id: string, props: ExportCancellationProps) {
    super(scope, id);
    const { landing, stateMachine, deadLetters, functions } = props;
    const canceller = new StepFunctionLambda(this, "CancelExport", functions, {
      name: "cancel-export",
      timeout: Duration.seconds(120),
    });
    landing.integra.grantClient(canceller);
    grantLedger(landing, canceller, { lease: ["GetItem", "DeleteItem"] });
    grantLanding(landing, canceller, {
      lookUp: true,
      read: ["work/*/export.json", "work/*/job.json"],
      write: ["work/*/stop*.json", auditOf("stopped"), auditOf("told")],
    });
    grantBus(landing, canceller);
    callWhenStopped(this, canceller, {
      description: "An export's execution was stopped from outside",
      stateMachine,
      deadLetters,
    });
  }
}
