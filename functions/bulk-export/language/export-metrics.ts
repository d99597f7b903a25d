import type { WingMetrics } from "#platform/lambda/wing-metrics.ts";

/** The metrics of exports. Alarms and the dashboard read them; docs/runbook.md explains them. */
export const exportMetrics = {
  service: "bulk-export",
  metrics: {
    /** How long an export has run, written by each call of one of its steps. */
    ExportAge: { unit: "Seconds" },
    /** Exports that run or wait, counted by each sweep. */
    ExportsOpen: { unit: "Count" },
    FilesLanded: { unit: "Count" },
    LinesLanded: { unit: "Count" },
    BytesLanded: { unit: "Bytes" },
    /** Files of the manifest that are missing when a run ends. */
    FilesMissing: { unit: "Count" },
    ExportsFailed: { unit: "Count", by: "fault" },
    /** Ends that only a sweep published. */
    EndsSwept: { unit: "Count" },
  },
} as const satisfies WingMetrics;
