import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { grantExecutions } from "../platform/execution-access.ts";
import type { FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantOpenItems } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { Sweeper } from "../platform/sweeper.ts";
import type { BackendClient } from "./backend-client.ts";
import { grantSettlement } from "./settlement-access.ts";
import { bulkExportName } from "./state-machine-name.ts";

export interface SweptExportsProps {
  shared: SharedResources;
  client: BackendClient;
  sweepMinutes: number;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** Finds exports whose execution is over and whose end was not published, and leases whose holder is gone, and settles them. */
export class SweptExports extends Construct {
  readonly sweep: LambdaFunction;

  constructor(scope: Construct, id: string, { shared, client, ...props }: SweptExportsProps) {
    super(scope, id);
    this.sweep = new Sweeper(this, "Sweeper", { name: "sweep-exports", callsServer: true, ...props }).lambda;
    grantSettlement(shared, client, this.sweep);
    grantOpenItems(shared, this.sweep);
    grantLedger(shared, this.sweep, { openRun: ["GetItem", "UpdateItem"] });
    grantExecutions(this.sweep, bulkExportName(props.functions.stage), ["states:DescribeExecution"]);
  }
}
