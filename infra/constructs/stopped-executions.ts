import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

export interface StoppedExecutions {
  description: string;
  stateMachine: sfn.StateMachine;
  /** Where a stop is kept that could not be handed over, or that the function failed at. */
  deadLetters: sqs.Queue;
  /** What the function is called with; absent: the event itself. */
  input?: events.RuleTargetInput;
}

/** Has a function called whenever an execution was stopped from outside, or ran into Step Functions' own time limit. */
export function callWhenStopped(
  scope: Construct,
  lambda: StepFunctionLambda,
  { description, stateMachine, deadLetters, input }: StoppedExecutions,
): void {
  lambda.function.configureAsyncInvoke({
    onFailure: new destinations.SqsDestination(deadLetters),
    retryAttempts: 2,
  });
  new events.Rule(scope, "ExecutionStopped", {
    description,
    eventPattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ["ABORTED", "TIMED_OUT"] },
    },
    targets: [new targets.LambdaFunction(lambda.function, { deadLetterQueue: deadLetters, event: input })],
  });
}
