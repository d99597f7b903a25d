import { Duration } from "aws-cdk-lib";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { grantBucket } from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import { type FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { invokeWhenStopped } from "../platform/stopped-executions.ts";
import type { BackendClient } from "./backend-client.ts";
import { exportFact, exportObjects } from "./export-objects.ts";

export interface StoppedExportsProps {
  shared: SharedResources;
  client: BackendClient;
  stateMachine: sfn.StateMachine;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** Ends an export whose execution was stopped: a function deletes the job at the server and notifies the subscribers. */
export class StoppedExports extends Construct {
  constructor(scope: Construct, id: string, props: StoppedExportsProps) {
    super(scope, id);
    const { shared, client, stateMachine, deadLetters, functions } = props;
    const cancelExport = new LambdaFunction(this, "CancelExport", functions, {
      name: "cancel-export",
      timeout: Duration.seconds(120),
    });
    client.grantClient(cancelExport);
    grantLedger(shared, cancelExport, { lease: ["GetItem", "DeleteItem"] });
    grantBucket(shared, cancelExport, {
      list: true,
      read: [exportObjects.record, exportObjects.job],
      write: [exportObjects.stop, ...(["stopped", "told-cancelled", "told-failed"] as const).map(exportFact)],
    });
    // An execution that was stopped is cancelled, and one that reached its time limit has failed.
    grantPublish(shared, cancelExport, ["Export Cancelled", "Export Failed"]);
    invokeWhenStopped(this, cancelExport, {
      description: "The execution of an export was stopped, or reached its time limit",
      stateMachine,
      deadLetters,
    });
  }
}
