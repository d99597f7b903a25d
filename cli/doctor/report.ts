import * as z from "zod";
import { verdicts } from "../checks/findings.ts";

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

/** What `npm run doctor -- --json` prints. */
export const doctorReport = z.strictObject({
  stage: z.string(),
  /** When the examination began, in ISO 8601. */
  at: z.iso.datetime(),
  /** The worst verdict of all findings. */
  verdict: z.enum(verdicts),
  /** The exit code: 0, 1, 2 or 3 for ok, warning, failed or could-not-check. */
  exitCode: z.number().int(),
  findings: z.array(
    z.strictObject({
      check: z.enum(doctorLines),
      verdict: z.enum(verdicts),
      /** What was seen. It has no token, no secret and no patient data. */
      seen: z.string(),
      /** What to do; absent if nothing. */
      action: z.string().optional(),
    }),
  ),
});

export type DoctorReport = z.infer<typeof doctorReport>;
