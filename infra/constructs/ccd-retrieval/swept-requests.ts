import type * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { RetentionSettings } from "../../settings/platform.ts";
import { grantAudit } from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import { grantExecutions } from "../platform/execution-access.ts";
import type { FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantOpenItems } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { Sweeper } from "../platform/sweeper.ts";
import { ccdFact } from "./ccd-objects.ts";
import { ccdRetrievalName } from "./start-access.ts";

export interface SweptRequestsProps {
  shared: SharedResources;
  retention: RetentionSettings;
  sweepMinutes: number;
  deadLetters: sqs.Queue;
  functions: FunctionDefaults;
}

/** Ends CCD requests whose execution is over or never started, and releases a session's lease whose holder is gone. */
export class SweptRequests extends Construct {
  readonly sweep: LambdaFunction;

  constructor(scope: Construct, id: string, { shared, retention, ...props }: SweptRequestsProps) {
    super(scope, id);
    this.sweep = new Sweeper(this, "Sweeper", { name: "sweep-ccd-requests", ...props }).lambda;
    const { ccdDays } = retention;
    if (ccdDays !== undefined) this.sweep.setEnvironment({ CCD_DAYS: String(ccdDays) });
    grantOpenItems(shared, this.sweep);
    grantLedger(shared, this.sweep, { ccdRequest: ["GetItem", "UpdateItem"], lease: ["GetItem", "DeleteItem"] });
    grantAudit(shared, this.sweep, { add: [ccdFact("told-failed")] });
    grantPublish(shared, this.sweep, ["Ccd Failed"]);
    grantExecutions(this.sweep, ccdRetrievalName(props.functions.stage), ["states:DescribeExecution"]);
  }
}
