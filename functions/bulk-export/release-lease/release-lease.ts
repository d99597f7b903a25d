import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ReleaseInput, ReleaseResult } from "#bulk-export/language/export-state.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

/**
 * Releases the lease of the export's level, so that the next export can take it. Does nothing if this execution does
 * not hold it.
 */
export const releaseLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseInput, ReleaseResult> =>
  async ({ export: context }) => ({
    released: await leases.release(context.request.level, executionName(context)),
  });
