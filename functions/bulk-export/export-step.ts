import * as z from "zod";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { stepHandlers } from "#platform/lambda/step.ts";

const metrics = metricWriter(exportMetrics);

const aboutExport = z.object({
  export: z.object({ exportId: z.string(), startedAt: z.iso.datetime({ offset: true }) }).partial(),
});

/**
 * Makes a step of an export a Lambda handler. Each of its log lines carries the export's id. Each call also writes the
 * age of the export as the metric `ExportAge`, which the alarm on stalled exports reads.
 */
export const exportStep = stepHandlers((event) => {
  const { exportId, startedAt } = aboutExport.safeParse(event).data?.export ?? {};
  if (startedAt !== undefined) metrics.write({ ExportAge: Math.round((Date.now() - Date.parse(startedAt)) / 1000) });
  return exportId === undefined ? {} : { exportId };
});
