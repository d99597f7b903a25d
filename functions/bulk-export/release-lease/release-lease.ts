import { executionName } from "#bulk-export/language/export-runs.ts";
import type { ReleaseInput, ReleaseResult } from "#bulk-export/language/export-state.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { Leases } from "#platform/ledger/leases.ts";

/** Lets the next export have its turn. An export that never had the lease gives none back. */
export const releaseLease =
  ({ leases }: { leases: Pick<Leases, "release"> }): Step<ReleaseInput, ReleaseResult> =>
  async ({ export: context }) => ({
    released: await leases.release(context.request.level, executionName(context)),
  });
