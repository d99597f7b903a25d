import type { BulkExportSettings } from "../../settings/bulk-export.ts";
import { grantBucket } from "../platform/bucket-access.ts";
import { grantExecutions, grantStart } from "../platform/execution-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger, grantLists } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { exportObjects } from "./export-objects.ts";
import { bulkExportName } from "./state-machine-name.ts";

/** What a stage accepts as an export, and for how many days it keeps one; undefined: for ever. */
export interface AcceptedExportSettings extends Pick<BulkExportSettings, "types" | "groups"> {
  keptDays: number | undefined;
}

/** Tells a function that begins the progress of exports for how long to keep it. */
export function keepProgress(lambda: LambdaFunction, keptDays: number | undefined): void {
  if (keptDays !== undefined) lambda.setEnvironment({ EXPORT_DAYS: String(keptDays) });
}

/** Lets a function request, show, cancel and resume exports, and read their files (`functions/bulk-export/entry.ts`). */
export function grantExportsOverHttp(
  shared: SharedResources,
  lambda: LambdaFunction,
  { stage, types, groups, keptDays }: AcceptedExportSettings & { stage: string },
): void {
  lambda.setEnvironment({ EXPORT_TYPES: JSON.stringify(types), EXPORT_GROUPS: JSON.stringify(groups) });
  keepProgress(lambda, keptDays);
  const machine = bulkExportName(stage);
  grantStart(lambda, machine);
  grantExecutions(lambda, machine, ["states:DescribeExecution", "states:StopExecution"]);
  grantLedger(shared, lambda, {
    progress: ["GetItem", "PutItem", "UpdateItem"],
    fileProgress: ["GetItem"],
    openRun: ["PutItem", "DeleteItem"],
  });
  grantLists(shared, lambda);
  const { file, summary, plan, receipt, failure, stop } = exportObjects;
  // A link has the rights of the function that signed it.
  grantBucket(shared, lambda, { list: true, read: [file, summary, plan, receipt, failure], write: [stop] });
}
