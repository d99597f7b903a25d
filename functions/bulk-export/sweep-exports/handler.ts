import { exportStep } from "#bulk-export/export-step.ts";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { settlementFromEnvironment } from "#bulk-export/settlement/settlement-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { sweepResult, sweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { sweepExports } from "./sweep-exports.ts";

const metrics = metricWriter(exportMetrics);

export const handler = exportStep(sweepTrigger, sweepResult, () => {
  const settlement = settlementFromEnvironment();
  return sweepExports({
    ...settlement,
    settle: settleRun(settlement),
    executions: executionsFromEnvironment(),
    // Each costs a few calls, so this many fit into the function's five minutes.
    mostRuns: 500,
    countEnd: () => metrics.write({ EndsSwept: 1 }),
    reportOpen: (runs) => metrics.write({ ExportsOpen: runs }),
  });
});
