import { grantExecutions, grantStart } from "../platform/execution-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";

/** The name of the ccd-retrieval state machine, which is part of its executions' ARNs. */
export const ccdRetrievalName = (stage: string): string => `integra-bridge-${stage}-ccd-retrieval`;

/** Lets a function start retrievals, and look one up: a request that is sent again finds the execution that it started. */
export function grantStartRetrieval(lambda: LambdaFunction, stage: string): void {
  const machine = ccdRetrievalName(stage);
  grantStart(lambda, machine);
  grantExecutions(lambda, machine, ["states:DescribeExecution"]);
}
