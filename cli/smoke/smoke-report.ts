import type * as z from "zod";
import { reportOf } from "../checks/findings.ts";

/** The names that the lines of `integra smoke` begin with. */
export const smokeLines = [
  "stacks",
  "key",
  "buckets",
  "ledger",
  "audit lock",
  "reads",
  "backups",
  "copies",
  "logs",
  "alarms",
  "schedules",
  "public keys",
  "client",
  "refused call",
  "dry run",
  "export",
] as const;

export type SmokeLine = (typeof smokeLines)[number];

/** What `integra smoke --json` prints. */
export const smokeReport = reportOf(smokeLines);

export type SmokeReport = z.infer<typeof smokeReport>;
