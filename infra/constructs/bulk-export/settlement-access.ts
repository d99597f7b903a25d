import { grantAudit, grantBucket } from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import type { ClientAccess } from "./backend-client.ts";
import { exportFact, exportObjects } from "./export-objects.ts";

/** Lets a function settle runs whose execution is over (`functions/bulk-export/settlement/`). */
export function grantSettlement(shared: SharedResources, client: ClientAccess, lambda: LambdaFunction): void {
  client.grantClient(lambda);
  grantLedger(shared, lambda, {
    lease: ["GetItem", "DeleteItem"],
    openRun: ["DeleteItem"],
    progress: ["GetItem", "UpdateItem"],
  });
  grantBucket(shared, lambda, {
    list: true,
    read: [exportObjects.record, exportObjects.job],
    write: [exportObjects.stop],
  });
  const facts = (["stopped", "told-cancelled", "told-failed"] as const).map(exportFact);
  grantAudit(shared, lambda, { add: facts, list: true });
  // An execution that was stopped is cancelled. One that failed, or reached its time limit, has failed.
  grantPublish(shared, lambda, ["Export Cancelled", "Export Failed"]);
}
