import type { WingMetrics } from "#platform/lambda/wing-metrics.ts";

/** The metrics of CCD requests. Alarms and the dashboard read them; docs/runbook.md explains them. */
export const ccdMetrics = {
  service: "ccd-retrieval",
  metrics: {
    /** Requests that run or wait, counted by each sweep. */
    CcdRequestsOpen: { unit: "Count" },
    DocumentsLanded: { unit: "Count" },
    CcdsFailed: { unit: "Count", by: "fault" },
    /** Answers that are another patient's, or an archive that may be an attack. */
    CcdsQuarantined: { unit: "Count" },
    /** Documents that were refused by themselves, while others of the answer landed. */
    CcdDocumentsRefused: { unit: "Count" },
    /** Ends that only a sweep published. */
    EndsSwept: { unit: "Count" },
  },
} as const satisfies WingMetrics;
