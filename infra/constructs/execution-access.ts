import { ArnFormat, Stack } from "aws-cdk-lib";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

/** The state machine's name, and thereby a part of its executions' ARNs. */
export const bulkExportName = (stage: string): string => `integra-bridge-${stage}-bulk-export`;

/**
 * Lets a function start executions. By the machine's name, not by its construct: the machine itself calls some of these
 * functions, and the two would depend on each other.
 */
export function grantStart(step: StepFunctionLambda, stage: string): void {
  const machine = machineArn(step, stage);
  step.setEnvironment({ STATE_MACHINE_ARN: machine });
  step.allow(["states:StartExecution"], [machine]);
}

/** Lets a function look at executions of the machine, or stop them. */
export function grantExecutions(step: StepFunctionLambda, stage: string, actions: string[]): void {
  const executions = statesArn(step, "execution", `${bulkExportName(stage)}:*`);
  step.setEnvironment({ STATE_MACHINE_ARN: machineArn(step, stage) });
  step.allow(actions, [executions], "Each execution of this machine.");
}

const machineArn = (step: StepFunctionLambda, stage: string): string =>
  statesArn(step, "stateMachine", bulkExportName(stage));

function statesArn(step: StepFunctionLambda, resource: string, resourceName: string): string {
  return Stack.of(step).formatArn({
    service: "states",
    resource,
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
