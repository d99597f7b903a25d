import { grantBucket } from "../platform/bucket-access.ts";
import { grantPublish } from "../platform/bus-access.ts";
import type { LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import { exportAuditKeys } from "./audit-keys.ts";
import type { BackendClient } from "./backend-client.ts";

/** Lets a function settle runs whose execution is over (`functions/bulk-export/settlement/`). */
export function grantSettlement(shared: SharedResources, client: BackendClient, lambda: LambdaFunction): void {
  client.grantClient(lambda);
  grantLedger(shared, lambda, { lease: ["GetItem", "DeleteItem"], openRun: ["DeleteItem"] });
  grantBucket(shared, lambda, {
    list: true,
    read: ["work/*/export.json", "work/*/job.json"],
    write: ["work/*/stop*.json", exportAuditKeys("stopped"), exportAuditKeys("told")],
  });
  grantPublish(shared, lambda);
}
