import * as z from "zod";
import { examinationFields } from "#platform/findings/findings.ts";

/** The parts of the stage that `GET /health` checks, in the order of its findings. `integra doctor` uses the same names. */
export const healthChecks = ["secrets", "keys", "sessions", "server", "exports"] as const;
export type HealthCheck = (typeof healthChecks)[number];

/** The answer to `GET /health`. */
export const healthReport = z.strictObject(examinationFields(healthChecks)).meta({ id: "Health" });
export type HealthReport = z.infer<typeof healthReport>;
