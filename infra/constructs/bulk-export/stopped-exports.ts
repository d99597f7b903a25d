import { Duration } from "aws-cdk-lib";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { type FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { invokeWhenStopped } from "../platform/stopped-executions.ts";
import type { BackendClient } from "./backend-client.ts";
import { grantSettlement } from "./settlement-access.ts";

export interface StoppedExportsProps {
  shared: SharedResources;
  client: BackendClient;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** Ends an export whose execution was stopped or failed: a function deletes the job at the server and notifies the subscribers. */
export class StoppedExports extends Construct {
  constructor(scope: Construct, id: string, props: StoppedExportsProps) {
    super(scope, id);
    const { shared, client, stateMachine, deadLetters, functions } = props;
    const cancelExport = new LambdaFunction(this, "CancelExport", functions, {
      name: "cancel-export",
      timeout: Duration.seconds(120),
      callsServer: true,
    });
    grantSettlement(shared, client, cancelExport);
    invokeWhenStopped(this, cancelExport, {
      description: "The execution of an export was stopped, failed, or reached its time limit",
      stateMachine,
      deadLetters,
    });
  }
}
