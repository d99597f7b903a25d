import * as events from "aws-cdk-lib/aws-events";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { CcdRetrieval } from "./ccd-retrieval.ts";
import { deadLetterQueue } from "./export-trigger.ts";
import { callWhenStopped } from "./stopped-executions.ts";

/** What follows when an execution is stopped from outside: its request ends, so that nobody waits for it. */
export class CcdStop extends Construct {
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { stateMachine, failer }: CcdRetrieval) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    callWhenStopped(this, failer, {
      description: "The execution of a request for CCDs was stopped from outside, or ran out of time",
      stateMachine,
      deadLetters: this.deadLetters,
      input: events.RuleTargetInput.fromObject({
        request: { requestId: events.EventField.fromPath("$.detail.name") },
        failure: {
          Error: "RetrievalStopped",
          Cause: "the retrieval was stopped before the documents were there: ask again",
        },
      }),
    });
  }
}
