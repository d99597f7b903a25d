import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { requestedByEvent } from "#contracts/triggers.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { resumeExport } from "./resume-export.ts";

const resumed = z.object({ execution: z.string(), duplicate: z.boolean() });

export const handler = step(requestedByEvent, resumed, () =>
  resumeExport({ executions: executionsFromEnvironment(), log, sleep: (ms) => sleep(ms) }),
);
