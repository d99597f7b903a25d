import * as z from "zod";
import { exportStep } from "#bulk-export/export-step.ts";
import { requestedByEvent } from "#bulk-export/language/triggers.ts";
import { exportLog } from "#bulk-export/log.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { stopRuns } from "#bulk-export/runs/stop-runs.ts";
import { bucketFromEnvironment, s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { stopExport } from "./stop-export.ts";

export const handler = exportStep(requestedByEvent, z.object({ stopped: z.array(z.string()) }), () =>
  stopExport({
    stop: stopRuns({
      executions: executionsFromEnvironment(),
      records: exportRecords(bucketFromEnvironment(s3Client())),
      log: exportLog,
      now: Date.now,
    }),
    log: exportLog,
  }),
);
