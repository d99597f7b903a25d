import { freshExport, freshInput } from "#contracts/export-state.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { startAfresh } from "./start-afresh.ts";

export const handler = step(freshInput, freshExport, () =>
  startAfresh({ executions: executionsFromEnvironment(), log }),
);
