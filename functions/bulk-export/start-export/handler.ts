import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { exportTrigger } from "#bulk-export/language/triggers.ts";
import { exportLog } from "#bulk-export/log.ts";
import { openRunsFromEnvironment } from "#bulk-export/records/open-runs.ts";
import { recordedStarts } from "#bulk-export/records/recorded-starts.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { startExport } from "./start-export.ts";

const started = z.object({ exportId: z.string(), duplicate: z.boolean() });

export const handler = exportStep(exportTrigger, started, () =>
  startExport({ executions: recordedStarts(executionsFromEnvironment(), openRunsFromEnvironment()), log: exportLog }),
);
