import * as z from "zod";
import { exportTrigger } from "#contracts/triggers.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { startExport } from "./start-export.ts";

const started = z.object({ exportId: z.string(), duplicate: z.boolean() });

export const handler = step(exportTrigger, started, () =>
  startExport({ executions: executionsFromEnvironment(), log }),
);
