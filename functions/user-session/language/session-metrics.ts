import type { WingMetrics } from "#platform/lambda/wing-metrics.ts";

/** The metrics of user sessions. An alarm and the dashboard read them. */
export const sessionMetrics = {
  service: "user-session",
  metrics: {
    /** Requests that needed a session that has ended. */
    DeadSessionsMet: { unit: "Count" },
    /** Ends of links that only a sweep published, apart from those of launches that expired. */
    EndsSwept: { unit: "Count" },
  },
} as const satisfies WingMetrics;
