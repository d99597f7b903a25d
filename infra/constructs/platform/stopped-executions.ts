import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
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
 * Invokes a function for each execution that was stopped, that failed, or that reached the time limit of its state machine. Such
 * an execution may not have reached the states that end it in good order: `States.ALL` catches neither `States.Runtime` nor
 * `States.DataLimitExceeded`, and the state that publishes the failure may fail itself. So the function must find out whether the
 * end was published. The events are best effort; a sweeper finds what was lost.
 *
 * Source: developer guide of Step Functions, "Handling errors"; EventBridge reference, "AWS Step Functions events".
 */
export function invokeWhenStopped(
  scope: Construct,
  lambda: LambdaFunction,
  { description, stateMachine, deadLetters, input }: StoppedExecutionsProps,
): void {
  lambda.keepFailedEvents(deadLetters);
  new events.Rule(scope, "ExecutionStopped", {
    description,
    eventPattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ["FAILED", "TIMED_OUT", "ABORTED"] },
    },
    targets: [new targets.LambdaFunction(lambda.function, { deadLetterQueue: deadLetters, event: input })],
  });
}
