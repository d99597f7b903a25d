import type { ServerUnavailable } from "#platform/faults/faults.ts";

/*
 * How long the bridge waits between attempts, for all wings. IntegraConnect may block clients that send too many requests
 * (guide, "Terms of Use"), and an execution of Step Functions has at most 25,000 history events. Both bound the number of
 * attempts.
 */

/** When the next attempt is due: seconds for a Wait state, and the moment (epoch seconds) for the Choice that compares it with the deadline. */
export interface NextTry {
  waitSeconds: number;
  nextAt: number;
}

const second = 1_000;
const minute = 60 * second;

/** The shortest wait, whatever the server says. */
const shortestWaitMs = second;
const firstIntervalMs = 2 * second;
const longestIntervalMs = 5 * minute;
/** The largest part of the time that a server has worked by which the wait for the next poll may delay the result. */
const longestDelayShare = 0.1;
/** The longest wait that Step Functions accepts. A longer one would pass the deadline anyway. */
const longestWaitSeconds = 99_999_999;

/** A wait of at least `waitMs` from `now` (both milliseconds), rounded up to whole seconds. */
export function nextTry(now: number, waitMs: number): NextTry {
  const waitSeconds = Math.min(Math.ceil(Math.max(waitMs, shortestWaitMs) / second), longestWaitSeconds);
  return { waitSeconds, nextAt: Math.ceil(now / second) + waitSeconds };
}

/**
 * The time at which an attempt was made, by the next try that it returned: milliseconds since the epoch, rounded up to a
 * second. It is read from the state of the execution, so it survives from one function to the next.
 */
export const triedAt = ({ waitSeconds, nextAt }: NextTry): number => (nextAt - waitSeconds) * second;

/** The moment of the next try, as an ISO time. */
export const timeOf = ({ nextAt }: Pick<NextTry, "nextAt">): string => new Date(nextAt * second).toISOString();

/** The time of an execution, in milliseconds. */
export interface Elapsed {
  /** From its start until now. */
  elapsedMs: number;
  /** From its start to its deadline. */
  allowedMs: number;
}

/** The time of an execution at `now` (milliseconds since the epoch; `deadlineAt` is in seconds). */
export function elapsedOf({ startedAt, deadlineAt }: { startedAt: string; deadlineAt: number }, now: number): Elapsed {
  const begun = Date.parse(startedAt);
  return { elapsedMs: now - begun, allowedMs: deadlineAt * second - begun };
}

export interface Polling extends Elapsed {
  /** The Retry-After of the last answer. */
  retryAfterMs: number | undefined;
  /** How long the server has worked on the job or the request: milliseconds since it accepted it. */
  workedMs: number;
}

/**
 * The wait before the next status request, in milliseconds.
 *
 * - With a Retry-After the wait is never shorter than that. A server whose Retry-After is short is polled at most 900 times in
 *   the late hours (every 96 s, if the deadline is a day away), and fewer than 1,700 times until the deadline.
 * - Without a Retry-After the wait is a tenth of the time that the server has worked, from a second to five minutes. So the
 *   schedule delays a result by a tenth at most. Five minutes become longer if the deadline is more than 75 hours away:
 *   the 900 polls are then spread over that time (ADR 29).
 */
export function pollIntervalMs({ retryAfterMs, workedMs, ...elapsed }: Polling): number {
  if (retryAfterMs !== undefined) return Math.max(retryAfterMs, gentleMs(elapsed), shortestWaitMs);
  const longest = Math.max(longestIntervalMs, lateIntervalMs(elapsed));
  // A Wait takes whole seconds. Rounded up, it would be longer than a tenth.
  const wait = Math.floor((workedMs * longestDelayShare) / second) * second;
  return Math.min(Math.max(wait, shortestWaitMs), longest);
}

/**
 * The wait before the next attempt to take a lease. It is short, because no server is involved, but bounded like polls.
 * @param attempts how many attempts there were, from 1 on
 * @param longestMs if holders keep the lease only briefly, a longer wait would leave it unused
 */
export function turnIntervalMs(attempts: number, elapsed: Elapsed, longestMs: number = minute): number {
  const growing = Math.min(firstIntervalMs * 1.5 ** Math.min(attempts - 1, 50), longestMs);
  return Math.max(growing, gentleMs(elapsed));
}

/**
 * The wait before a new kick-off, if the server answered the last one with the complete job of another request. It is short
 * at first. It grows if the server goes on like that: each round adds the history events of three polls, and starts a job.
 */
export const mismatchedJobPauseMs = (elapsed: Elapsed): number => Math.max(5 * gentleMs(elapsed), 10 * second);

const mostLateAttempts = 900;

/** The interval of 900 attempts that are spread evenly over the whole time of an execution. */
const lateIntervalMs = ({ allowedMs }: Elapsed): number => Math.max(allowedMs, 0) / mostLateAttempts;

/** An interval that grows with the age of the execution: a job that takes hours need not be polled every second. */
const gentleMs = (elapsed: Elapsed): number => Math.min(elapsed.elapsedMs / 50, lateIntervalMs(elapsed));

/**
 * The wait after the n-th failed attempt in a row (429, 5xx, a cut connection), in milliseconds. It is never shorter than the
 * server's Retry-After, and doubles from 2 s up to five minutes. With `elapsed` it is also as gentle as the polls of a job
 * that has run for a long time.
 */
export function retryIntervalMs(failures: number, retryAfterMs: number | undefined, elapsed?: Elapsed): number {
  const growing = Math.min(firstIntervalMs * 2 ** Math.min(failures - 1, 20), longestIntervalMs);
  return Math.max(retryAfterMs ?? 0, growing, elapsed === undefined ? 0 : gentleMs(elapsed));
}

/** The most failed attempts in a row: they take about an hour. Answers that explain nothing get half a minute. */
const mostFailures = 20;
const mostUnexplainedFailures = 5;

/** Whether there is another attempt after the n-th failed one in a row. */
export function mayRetry(failures: number, fault: Pick<ServerUnavailable, "unexplained">): boolean {
  return failures < (fault.unexplained ? mostUnexplainedFailures : mostFailures);
}
