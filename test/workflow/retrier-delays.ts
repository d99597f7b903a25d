import type { Retrier } from "./state-machine-files.ts";

/** The delays of a retrier, in seconds; its defaults are those of the Amazon States Language. */
export function delaysOf(retrier: Retrier): number[] {
  const { IntervalSeconds = 1, MaxAttempts = 3, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  return Array.from({ length: MaxAttempts }, (_, n) => Math.min(IntervalSeconds * BackoffRate ** n, MaxDelaySeconds));
}
