import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { executionEnded } from "#bulk-export/language/triggers.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { settlementFromEnvironment } from "#bulk-export/settlement/settlement-from-environment.ts";
import { cancelExport } from "./cancel-export.ts";

export const handler = exportStep(executionEnded, z.strictObject({}), () =>
  cancelExport({ settle: settleRun(settlementFromEnvironment()) }),
);
