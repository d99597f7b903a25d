import { nextTry, pollIntervalMs } from "#platform/pacing/pacing.ts";

/** The wait before poll `polls` + 1, in milliseconds, if the server sends no Retry-After. */
export type PollSchedule = (so: { polls: number; workedMs: number }) => number;

/** The schedule of the bridge. */
export const scheduleOfToday: PollSchedule = ({ workedMs }) =>
  pollIntervalMs({ retryAfterMs: undefined, workedMs, elapsedMs: workedMs, allowedMs: 0 });

/** The schedule up to version 0.2.0, for comparison: from two seconds, half as much again after each poll, up to five minutes. */
export const scheduleOf020: PollSchedule = ({ polls }) => Math.min(2_000 * 1.5 ** Math.min(polls, 50), 300_000);

export interface PolledJob {
  /** Status requests, with the one that found the job complete. */
  polls: number;
  /** Seconds from the end of the job to the poll that found it. */
  lostSeconds: number;
}

/**
 * Polls a job that takes the server `jobSeconds`. The requests themselves take no time.
 * @param schedule waits of whole seconds, as a Wait state takes them
 */
export function pollJob(jobSeconds: number, schedule: PollSchedule = scheduleOfToday): PolledJob {
  let polls = 0;
  let seconds = 0;
  do {
    seconds += nextTry(0, schedule({ polls, workedMs: seconds * 1000 })).waitSeconds;
    polls += 1;
  } while (seconds < jobSeconds);
  return { polls, lostSeconds: seconds - jobSeconds };
}
