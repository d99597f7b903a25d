import { ArnFormat, Stack } from "aws-cdk-lib";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

/** The state machines' names, and thereby a part of their executions' ARNs. */
export const bulkExportName = (stage: string): string => `integra-bridge-${stage}-bulk-export`;
export const ccdRetrievalName = (stage: string): string => `integra-bridge-${stage}-ccd-retrieval`;

/**
 * Lets a function start executions. By the machine's name, not by its construct: the machine itself calls some of these
 * functions, and the two would depend on each other.
 */
export function grantStart(step: StepFunctionLambda, machineName: string): void {
  const machine = machineArn(step, machineName);
  step.setEnvironment({ STATE_MACHINE_ARN: machine });
  step.allow(["states:StartExecution"], [machine]);
}

/** Lets a function look at executions of a machine, or stop them. */
export function grantExecutions(step: StepFunctionLambda, machineName: string, actions: string[]): void {
  const executions = statesArn(step, "execution", `${machineName}:*`);
  step.setEnvironment({ STATE_MACHINE_ARN: machineArn(step, machineName) });
  step.allow(actions, [executions], "Each execution of this machine.");
}

const machineArn = (step: StepFunctionLambda, machineName: string): string =>
  statesArn(step, "stateMachine", machineName);

function statesArn(step: StepFunctionLambda, resource: string, resourceName: string): string {
  return Stack.of(step).formatArn({
    service: "states",
    resource,
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
