import { Option } from "commander";
import * as z from "zod";
import type { ExitCode } from "../output/exit-codes.ts";

/** The option of commands that examine a stage. */
export const overridesOption = (): Option =>
  new Option("--overrides <json>", "the settings that the stage was deployed with in addition to those of cdk.json");

/** An option whose value is a JSON object. */
export const jsonOption = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("must be JSON");
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.unknown(), "must be a JSON object"));

/** The exit codes of findings are 0 to 3 (`checks/findings.ts`). */
export const verdictCode = (exitCode: number): ExitCode => exitCode as ExitCode;
