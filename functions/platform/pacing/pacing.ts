import type { ServerUnavailable } from "#platform/faults/faults.ts";

/*
 * How long the bridge waits before it asks again. IntegraConnect may block clients who overdo it (guide, "Terms of Use"),
 * and a Step Functions execution has 25,000 history events at most: both bound the number of questions.
 */

/** When to act again: for a Wait state, and for the Choice that compares it with the deadline (epoch seconds). */
export interface NextTry {
  waitSeconds: number;
  nextAt: number;
}

const second = 1_000;
const minute = 60 * second;

/** Never sooner than this, whatever the server says. */
const shortestWaitMs = second;
const firstIntervalMs = 2 * second;
const longestIntervalMs = 5 * minute;
/** Waits that Step Functions can be given; a server that asks for more runs into the export's deadline anyway. */
const longestWaitSeconds = 99_999_999;

/** A wait of at least `waitMs` from `now` (both milliseconds), rounded up to whole seconds. */
export function nextTry(now: number, waitMs: number): NextTry {
  const waitSeconds = Math.min(Math.ceil(Math.max(waitMs, shortestWaitMs) / second), longestWaitSeconds);
  return { waitSeconds, nextAt: Math.ceil(now / second) + waitSeconds };
}

/** How far an execution has come, in milliseconds. */
export interface Elapsed {
  /** Since it began. */
  elapsedMs: number;
  /** From its beginning to its deadline. */
  allowedMs: number;
}

/** How far an execution has come at `now`, in milliseconds since the epoch as its deadline is in seconds. */
export function elapsedOf({ startedAt, deadlineAt }: { startedAt: string; deadlineAt: number }, now: number): Elapsed {
  const begun = Date.parse(startedAt);
  return { elapsedMs: now - begun, allowedMs: deadlineAt * second - begun };
}

export interface Polling extends Elapsed {
  /** What the server asked for with the last answer. */
  retryAfterMs: number | undefined;
  /** Status requests so far. */
  polls: number;
}

/**
 * The wait before the next status request, in milliseconds. The server's Retry-After is never undercut; without it the
 * interval grows by half each time, up to five minutes. Either way a job that runs for hours is asked at most 1,280 times
 * from then to its deadline (once in 68 s, where that is a day away), and fewer than 1,700 times in all.
 */
export function pollIntervalMs({ retryAfterMs, polls, ...elapsed }: Polling): number {
  const growing = Math.min(firstIntervalMs * 1.5 ** Math.min(polls, 50), longestIntervalMs);
  return Math.max(retryAfterMs ?? growing, gentleMs(elapsed), shortestWaitMs);
}

/**
 * The wait before looking again whether it is one's turn: short, as nobody else is asked, but bounded like polls.
 * @param longestMs where turns are short, the session should not lie idle for longer than they take
 */
export function turnIntervalMs(looks: number, elapsed: Elapsed, longestMs: number = minute): number {
  const growing = Math.min(firstIntervalMs * 1.5 ** Math.min(looks - 1, 50), longestMs);
  return Math.max(growing, gentleMs(elapsed));
}

/**
 * The wait before a new kick-off, after the server handed out a job that is another request's and complete: a moment as a
 * rule. Where no job ever turns out to be ours, it grows: each of these rounds adds three polls' events to the history,
 * and starts a job.
 */
export const foreignPauseMs = (elapsed: Elapsed): number => Math.max(5 * gentleMs(elapsed), 10 * second);

const mostLateQuestions = 1_280;

/** What takes hours need not be asked for every second, whatever the answers are. */
const gentleMs = ({ elapsedMs, allowedMs }: Elapsed): number =>
  Math.min(elapsedMs / 50, Math.max(allowedMs, 0) / mostLateQuestions);

/**
 * The wait after the n-th answer in a row that told nothing (429, 5xx, a cut socket), in milliseconds: the server's
 * Retry-After, and at least 2 s, doubled each time up to five minutes. For a job that has run for long, `elapsed`
 * keeps it as gentle as other polls.
 */
export function troubleIntervalMs(troubles: number, retryAfterMs: number | undefined, elapsed?: Elapsed): number {
  const growing = Math.min(firstIntervalMs * 2 ** Math.min(troubles - 1, 20), longestIntervalMs);
  return Math.max(retryAfterMs ?? 0, growing, elapsed === undefined ? 0 : gentleMs(elapsed));
}

/** Answers in a row that may tell nothing: about an hour's worth; a 500 that explains nothing gets half a minute. */
const mostTroubles = 20;
const mostUnexplainedTroubles = 5;

/** Whether to ask again after the n-th answer in a row that told nothing. */
export function worthAnotherTry(troubles: number, fault: Pick<ServerUnavailable, "unexplained">): boolean {
  return troubles < (fault.unexplained ? mostUnexplainedTroubles : mostTroubles);
}
