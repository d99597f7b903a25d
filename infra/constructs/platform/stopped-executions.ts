import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { LambdaFunction } from "./lambda-function.ts";

export interface StoppedExecutionsProps {
  /** The rule's description. */
  description: string;
  stateMachine: sfn.StateMachine;
  /** Keeps the events that could not be delivered to the function, or that it failed on. */
  deadLetters: sqs.Queue;
  /** What the function receives; if absent, the event itself. */
  input?: events.RuleTargetInput;
}

/**
 * Invokes a function for each execution that was stopped, or that reached the time limit of its state machine. Such
 * an execution does not reach the states that end it in good order.
 */
export function invokeWhenStopped(
  scope: Construct,
  lambda: LambdaFunction,
  { description, stateMachine, deadLetters, input }: StoppedExecutionsProps,
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
