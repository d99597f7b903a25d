import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { settlementFromEnvironment } from "#bulk-export/settlement/settlement-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { sweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { metric } from "#platform/lambda/metrics.ts";
import { sweepExports } from "./sweep-exports.ts";

const swept = z.strictObject({ checked: z.number().int(), published: z.number().int() });
const endsSwept = metric("bulk-export", "EndsSwept", "Count");

export const handler = exportStep(sweepTrigger, swept, () => {
  const settlement = settlementFromEnvironment();
  return sweepExports({
    ...settlement,
    settle: settleRun(settlement),
    executions: executionsFromEnvironment(),
    // Each costs a few calls, so this many fit into the function's five minutes.
    mostRuns: 500,
    countEnd: () => endsSwept(1),
  });
});
