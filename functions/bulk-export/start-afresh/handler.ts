import { exportStep } from "#bulk-export/export-step.ts";
import { freshExport, freshInput } from "#bulk-export/language/export-state.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportProgressFromEnvironment } from "#bulk-export/records/export-progress.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { recordedStarts } from "#bulk-export/records/recorded-starts.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { startAfresh } from "./start-afresh.ts";

export const handler = exportStep(freshInput, freshExport, () =>
  startAfresh({
    executions: recordedStarts(executionsFromEnvironment(), openRunsFromEnvironment()),
    progress: exportProgressFromEnvironment(),
    log: exportLog,
    now: Date.now,
  }),
);
