import type { ReleaseInput, ReleaseResult } from "#contracts/export-state.ts";
import { executionName } from "#functions/workflow/export-runs.ts";
import type { Leases } from "#ledger/leases.ts";
import type { Step } from "#runtime/step.ts";

/** Lets the next export have its turn. An export that never had the lease gives none back. */
export const releaseLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseInput, ReleaseResult> =>
  async ({ export: context }) => ({
    released: await leases.release(context.request.level, executionName(context)),
  });
