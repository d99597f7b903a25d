import { Duration } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { auditOf, grantBus, grantLanding, grantLedger } from "./landing-access.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

export interface ExportCancellationProps {
  landing: LandingStack;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** What follows when an export's execution is stopped, by whatever means: the job is deleted, the subscribers are told. */
export class ExportCancellation extends Construct {
  readonly canceller: StepFunctionLambda;

  constructor(scope: Construct, id: string, props: ExportCancellationProps) {
    super(scope, id);
    const { landing, deadLetters } = props;
    this.canceller = new StepFunctionLambda(this, "CancelExport", props.functions, {
      name: "cancel-export",
      timeout: Duration.seconds(120),
    });
    landing.integra.grantClient(this.canceller);
    grantLedger(landing, this.canceller, { lease: ["GetItem", "DeleteItem"] });
    grantLanding(landing, this.canceller, {
      lookUp: true,
      read: ["work/*/export.json", "work/*/job.json"],
      write: ["work/*/stop*.json", auditOf("stopped"), auditOf("told")],
    });
    grantBus(landing, this.canceller);
    this.canceller.function.configureAsyncInvoke({
      onFailure: new destinations.SqsDestination(deadLetters),
      retryAttempts: 2,
    });
    new events.Rule(this, "ExecutionStopped", {
      description: "An export's execution was stopped from outside",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: [props.stateMachine.stateMachineArn], status: ["ABORTED", "TIMED_OUT"] },
      },
      targets: [new targets.LambdaFunction(this.canceller.function, { deadLetterQueue: deadLetters })],
    });
  }
}
