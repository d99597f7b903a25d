import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { deadLetterQueue } from "../platform/dead-letter-queue.ts";
import type { FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { Sweeper } from "../platform/sweeper.ts";
import type { UserSession } from "./user-session.ts";

export interface SweptLinksProps {
  shared: SharedResources;
  userSession: UserSession;
  sweepMinutes: number;
  functions: FunctionDefaults;
}

/** Publishes the ends of launches and removals of links that nothing else has published, and ends the sessions that links gave up. */
export class SweptLinks extends Construct {
  readonly sweep: LambdaFunction;
  /** Keeps the invocations that could not be delivered. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { shared, userSession, ...props }: SweptLinksProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters");
    const sweeper = { name: "sweep-links", callsServer: true, deadLetters: this.deadLetters, ...props };
    this.sweep = new Sweeper(this, "Sweeper", sweeper).lambda;
    userSession.grantSweep(shared, this.sweep);
  }
}
