import type { KnownExecution } from "./executions.ts";

/**
 * How long work must be left alone before its execution counts as over, in milliseconds. It covers three delays:
 * - DescribeExecution is eventually consistent, and may not know an execution that has just begun. AWS names no bound. Seconds are
 *   usual, so five minutes are far on the safe side.
 * - The rule for executions that ended early invokes its function within seconds. If the function fails, Lambda repeats it after one
 *   minute and after two more. A sweeper must not publish the same end meanwhile.
 * - A caller stores its record before it starts the execution.
 *
 * Source: API reference of Step Functions, "DescribeExecution"; developer guide of Lambda, "Asynchronous invocation".
 */
export const settlingTimeMs = 5 * 60_000;

/**
 * Whether an execution is certain to run no more. DescribeExecution is eventually consistent: an execution that it does not know
 * may have begun a moment ago. So "does not exist" counts only for work that is old enough (`settlingTimeMs`).
 * @param execution as Step Functions describes it; undefined if it does not exist
 * @param since when the work began, in milliseconds since the epoch; undefined if that is unknown, because an older release stored it
 * @param now milliseconds since the epoch
 *
 * Source: API reference of Step Functions, "DescribeExecution": "This operation is eventually consistent."
 */
export function isOver(execution: KnownExecution | undefined, since: number | undefined, now: number): boolean {
  if (execution !== undefined) return execution.status !== "running";
  return since === undefined || now - since >= settlingTimeMs;
}

/** Whether an execution is over, and was over for so long that whatever reacts to its end has done so. */
export function isSettled(execution: KnownExecution | undefined, since: number | undefined, now: number): boolean {
  const endedAt = execution?.endedAt ?? since;
  return isOver(execution, since, now) && (endedAt === undefined || now - endedAt >= settlingTimeMs);
}
