import * as events from "aws-cdk-lib/aws-events";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { deadLetterQueue } from "../platform/dead-letter-queue.ts";
import { invokeWhenStopped } from "../platform/stopped-executions.ts";
import type { CcdRetrievalWorkflow } from "./ccd-retrieval-workflow.ts";

/** Ends a request whose execution was stopped or failed before it ended the request: the request fails, so that its caller does not go on polling. */
export class StoppedRetrievals extends Construct {
  /** Keeps the events that could not be delivered to the function, or that it failed on. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { stateMachine, failCcds }: CcdRetrievalWorkflow) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    invokeWhenStopped(this, failCcds, {
      description: "The execution of a request for CCDs was stopped, failed, or reached its time limit",
      stateMachine,
      deadLetters: this.deadLetters,
      input: events.RuleTargetInput.fromObject({
        request: { requestId: events.EventField.fromPath("$.detail.name") },
        failure: {
          Error: "RetrievalStopped",
          Cause: "the retrieval ended before the documents were ready: send the request again",
        },
      }),
    });
  }
}
