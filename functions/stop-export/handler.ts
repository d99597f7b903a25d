import * as z from "zod";
import { requestedByEvent } from "#contracts/triggers.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { stopExport } from "./stop-export.ts";

export const handler = step(requestedByEvent, z.object({ stopped: z.array(z.string()) }), () =>
  stopExport({ executions: executionsFromEnvironment(), log }),
);
