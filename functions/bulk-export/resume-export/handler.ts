import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { requestedByEvent } from "#bulk-export/language/triggers.ts";
import { exportLog } from "#bulk-export/log.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { recordedStarts } from "#bulk-export/records/recorded-starts.ts";
import { startResumption } from "#bulk-export/runs/start-resumption.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { resumeExport } from "./resume-export.ts";

const resumed = z.object({ execution: z.string(), duplicate: z.boolean() });

export const handler = exportStep(requestedByEvent, resumed, () => {
  const executions = recordedStarts(executionsFromEnvironment(), openRunsFromEnvironment());
  return resumeExport({
    executions,
    resume: startResumption({ executions, log: exportLog, sleep: (ms) => sleep(ms) }),
  });
});
