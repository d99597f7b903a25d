import type * as z from "zod";
import { reportOf } from "../checks/findings.ts";

/** The names that the lines of `npm run doctor` begin with. */
export const doctorLines = [
  "settings",
  "stacks",
  "secrets",
  "keys",
  "public keys",
  "server",
  "tokens",
  "sessions",
  "permissions",
] as const;

/** What `integra doctor --json` prints. */
export const doctorReport = reportOf(doctorLines);

export type DoctorReport = z.infer<typeof doctorReport>;
