import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as destinations from "aws-cdk-lib/aws-lambda-destinations";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { CcdRetrieval } from "./ccd-retrieval.ts";
import { deadLetterQueue } from "./export-trigger.ts";

/** What follows when an execution is stopped from outside: its request ends, so that nobody waits for it. */
export class CcdStop extends Construct {
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { stateMachine, failer }: CcdRetrieval) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    failer.function.configureAsyncInvoke({
      onFailure: new destinations.SqsDestination(this.deadLetters),
      retryAttempts: 2,
    });
    new events.Rule(this, "ExecutionStopped", {
      description: "The execution of a request for CCDs was stopped from outside, or ran out of time",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ["ABORTED", "TIMED_OUT"] },
      },
      targets: [
        new targets.LambdaFunction(failer.function, {
          deadLetterQueue: this.deadLetters,
          event: events.RuleTargetInput.fromObject({
            request: { requestId: events.EventField.fromPath("$.detail.name") },
            failure: {
              Error: "RetrievalStopped",
              Cause: "the retrieval was stopped before the documents were there: ask again",
            },
          }),
        }),
      ],
    });
  }
}
