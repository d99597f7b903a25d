import { ArnFormat, Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import type { LambdaFunction } from "./lambda-function.ts";

/**
 * Lets a function start executions of a state machine. The machine is given by its name, not as a construct: a machine
 * calls some of these functions, and machine and function would depend on each other.
 */
export function grantStart(lambda: LambdaFunction, machineName: string): void {
  const machine = machineArn(lambda, machineName);
  lambda.setEnvironment({ STATE_MACHINE_ARN: machine });
  lambda.allow(["states:StartExecution"], [machine]);
}

/** Lets a function describe the executions of a state machine, or stop them. */
export function grantExecutions(
  lambda: LambdaFunction,
  machineName: string,
  actions: ("states:DescribeExecution" | "states:StopExecution")[],
): void {
  const executions = statesArn(lambda, "execution", `${machineName}:*`);
  lambda.setEnvironment({ STATE_MACHINE_ARN: machineArn(lambda, machineName) });
  if (actions.includes("states:DescribeExecution")) acknowledgeStandardExecutions(lambda);
  lambda.allow(actions, [executions], "The wildcard stands for the name of an execution of this state machine.");
}

/** Tells the linter of policies that it may not expect the executions of an Express workflow. */
export function acknowledgeStandardExecutions(scope: IConstruct): void {
  Validations.of(scope).acknowledge({
    id: "Parliament-RESOURCE_MISMATCH[states:DescribeExecution]",
    reason:
      "The state machines are Standard workflows. The ARNs that parliament misses are those of Express workflows.",
  });
}

const machineArn = (lambda: LambdaFunction, machineName: string): string =>
  statesArn(lambda, "stateMachine", machineName);

function statesArn(lambda: LambdaFunction, resource: string, resourceName: string): string {
  return Stack.of(lambda).formatArn({
    service: "states",
    resource,
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
