import * as z from "zod";
import {
  examinationFields,
  type Finding,
  failed,
  type NamedFinding,
  unchecked,
  type Verdict,
  verdicts,
  worstOf,
} from "#platform/findings/findings.ts";

/*
 * What commands that examine a stage have in common: `npm run smoke` and `npm run doctor` run checks, print a line for each finding,
 * and end with the exit code of the worst one.
 */

const exitCodes: Record<Verdict, number> = { ok: 0, warning: 1, failed: 2, "could-not-check": 3 };

export interface NamedCheck<Name extends string = string> {
  name: Name;
  check: () => Promise<Finding | readonly Finding[]>;
}

/**
 * What a command that examines a stage prints as JSON.
 * @param checks the names of its checks
 */
export const reportOf = <Name extends string>(checks: readonly Name[]) => {
  const { stage, at, verdict, findings } = examinationFields(checks);
  const exitCode = z.int().describe("0, 1, 2 or 3 for ok, warning, failed or could-not-check.");
  return z.strictObject({ stage, at, verdict, exitCode, findings });
};

/** An error that is a finding by itself. It is reported even if a signal ends the run. */
export abstract class FailedCheck extends Error {
  /** What the operator has to do. */
  abstract readonly action: string;
}

/**
 * Runs the checks one after the other, and reports each finding. What a check that throws looks at could not be checked, and the
 * others still run.
 * @returns the exit code: 0 if all is well, 1 if the worst finding is a warning, 2 if something failed, otherwise 3 if something
 * could not be checked
 * @throws the reason of the signal, as soon as it fires. A `FailedCheck` is reported before
 */
export async function runChecks<Name extends string>(
  checks: readonly NamedCheck<Name>[],
  report: (finding: NamedFinding<Name>) => void,
  signal: AbortSignal,
): Promise<number> {
  const found: Finding[] = [];
  for (const { name, check } of checks) {
    signal.throwIfAborted();
    const findings = await findingsOf(check, signal);
    for (const finding of findings) report({ check: name, ...finding });
    found.push(...findings);
  }
  return exitCodes[worstOf(found)];
}

async function findingsOf(check: NamedCheck["check"], signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    if (error instanceof FailedCheck) return [failed(wordsOf(error), error.action)];
    signal.throwIfAborted();
    return [unchecked(wordsOf(error), "check that the stage is deployed, and that your credentials may read it")];
  }
}

/** The name and the message of an error, and those of the errors that caused it. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(", ");
  if (!(error instanceof Error)) return String(error);
  const words = `${error.name}: ${error.message}`;
  return error.cause === undefined ? words : `${words} (because of ${wordsOf(error.cause)})`;
}

const longestVerdict = Math.max(...verdicts.map(({ length }) => length));

/** A finding as one line: its verdict, the name of its check, what was seen, and what to do. */
export function lineOf({ check, verdict, seen, action }: NamedFinding): string {
  const words = verdict.replaceAll("-", " ").padEnd(longestVerdict);
  const text = `${words} ${check}: ${seen}${action === undefined ? "" : `. To do: ${action}`}`;
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** The first three of a list, and how many more there are. */
export function firstOf(list: readonly string[]): string {
  const more = list.length - 3;
  return list.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
