import { ListenerNotRemoved } from "./event-listener.ts";

/** What a check found. The order is that of the exit codes: 0, 1 and 2. */
const verdicts = ["ok", "warning", "fault"] as const;

/** The answer of one check. */
export interface Finding {
  verdict: (typeof verdicts)[number];
  /** What was seen. */
  seen: string;
  /** What the operator has to do; absent if nothing. */
  action?: string;
}

/** The names that the lines begin with. */
export const smokeLines = [
  "stacks",
  "key",
  "buckets",
  "ledger",
  "logs",
  "alarms",
  "schedules",
  "public keys",
  "client",
  "refused call",
  "dry run",
  "export",
] as const;

/** A check with the name of its line. */
export interface NamedCheck {
  name: (typeof smokeLines)[number];
  check: () => Promise<Finding>;
}

export const ok = (seen: string): Finding => ({ verdict: "ok", seen });
export const warning = (seen: string, action: string): Finding => ({ verdict: "warning", seen, action });
export const fault = (seen: string, action: string): Finding => ({ verdict: "fault", seen, action });

/**
 * Runs the checks one after the other, and reports a line for each. A check that throws is a fault, and the others still run.
 * @returns the exit code: 0 if all is well, 1 if the worst is a warning, 2 if there is a fault
 * @throws the reason of the signal, as soon as it fires. What a check could not remove is reported before
 */
export async function runChecks(
  checks: readonly NamedCheck[],
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  let worst = 0;
  for (const { name, check } of checks) {
    signal.throwIfAborted();
    const finding = await findingOf(check, signal);
    report(lineOf(name, finding));
    worst = Math.max(worst, verdicts.indexOf(finding.verdict));
  }
  return worst;
}

async function findingOf(check: NamedCheck["check"], signal: AbortSignal): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ListenerNotRemoved) return fault(wordsOf(error), "remove both by hand");
    signal.throwIfAborted();
    return fault(
      `could not be checked: ${wordsOf(error)}`,
      "check that the stage is deployed, and that your credentials may read it",
    );
  }
}

/** The message of an error, and those of the errors that caused it. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(", ");
  if (!(error instanceof Error)) return String(error);
  const words = `${error.name}: ${error.message}`;
  return error.cause === undefined ? words : `${words} (because of ${wordsOf(error.cause)})`;
}

function lineOf(name: string, { verdict, seen, action }: Finding): string {
  const text = `${verdict.padEnd(8)} ${name}: ${seen}${action === undefined ? "" : `. To do: ${action}`}`;
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** The first three of a list, and how many more there are. */
export function firstOf(list: readonly string[]): string {
  const more = list.length - 3;
  return list.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
