import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mostFilesOfItem } from "#bulk-export/language/export-state.ts";
import type { JobStatus } from "#bulk-export/server/job-status.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type Elapsed,
  mismatchedJobPauseMs,
  nextTry,
  pollIntervalMs,
  retryIntervalMs,
  turnIntervalMs,
} from "#platform/pacing/pacing.ts";
import { pollsOfADay } from "#test/fixtures/polls-of-a-day.ts";
import { historyEventsOf, historyEventsOfExecution, historyEventsOfRetry } from "./history-events.ts";
import { delaysOf } from "./retrier-delays.ts";
import { followers, type Level, type Retrier, rendered, type State } from "./state-machine-files.ts";

const mostHistoryEvents = 25_000;
const dayMs = 86_400_000;
const machine = rendered("bulk-export.asl.json");

const running = (retryAfterMs?: number): JobStatus => ({ state: "in-progress", progress: undefined, retryAfterMs });
const busy = () => new ServerUnavailable("429", { retryAfterMs: 0 });

/** Servers with a job that runs for 24 hours, each with the answers that it repeats in turn. */
const servers: [name: string, answers: (JobStatus | Error)[]][] = [
  ["sends a Retry-After of a second", [running(1_000)]],
  ["sends a Retry-After of zero", [running(0)]],
  ["sends no Retry-After", [running()]],
  ["is busy every other time", [running(0), busy()]],
  ["is busy in bursts", [running(0), ...Array.from({ length: 5 }, busy)]],
];

const firstPollMs = (elapsed: Elapsed): number => pollIntervalMs({ retryAfterMs: undefined, workedMs: 0, ...elapsed });

/** The shortest round of each of the machine's loops, by the loop's Waits. No answer of the server makes a round shorter. */
const shortestRoundMs: Record<string, (elapsed: Elapsed) => number> = {
  "Wait for turn": (elapsed) => turnIntervalMs(1, elapsed),
  "Wait to kick off": (elapsed) => retryIntervalMs(1, 0, elapsed),
  "Wait for export": (elapsed) => pollIntervalMs({ retryAfterMs: 0, workedMs: 0, ...elapsed }),
  "Wait for the first poll, Wait out the other job": (elapsed) => firstPollMs(elapsed) + mismatchedJobPauseMs(elapsed),
};

/*
 * No loop adds events faster than polls with a short Retry-After do. Only polls without a Retry-After may be more frequent, in the
 * first minutes of a job, and an export has at most ten jobs. So the longest history is that of an export with ten jobs.
 */
describe("the history of an export", () => {
  test("an export's history grows only by the known loops, and each has a Wait", () => {
    expect(
      cyclesOf(machine)
        .map((cycle) => waitsOn(cycle))
        .toSorted(),
    ).toEqual(Object.keys(shortestRoundMs).toSorted());
  });

  test("an export's history grows by nine events for each poll", () => {
    const polling = cycleWith("Wait for export");
    expect(polling.toSorted()).toEqual(["Export ready?", "Poll export", "Wait for export"]);
    expect(polling.map(stateOf).reduce((sum, state) => sum + historyEventsOf(state), 0)).toBe(9);
  });

  test.each(Object.entries(shortestRoundMs))(
    "an export's history grows no faster by the loop with %s than by polls",
    (waits, roundMs) => {
      const share = fc.double({ min: 0, max: 1, noNaN: true });
      const perPoll = eventsAtWorst(cycleWith("Wait for export"));
      const perRound = eventsAtWorst(cycleWith(waits));
      fc.assert(
        fc.property(share, fc.constantFrom(1, 14), (elapsedShare, days) => {
          const elapsed = { elapsedMs: elapsedShare * days * dayMs, allowedMs: days * dayMs };
          const polls = roundMs(elapsed) / (shortestRoundMs["Wait for export"]?.(elapsed) ?? Number.NaN);
          expect(perRound).toBeLessThanOrEqual(polls * perPoll);
        }),
        {
          examples: [
            [0, 1],
            [1, 1],
            [1, 14],
          ],
        },
      );
    },
  );

  test.each(servers)(
    "an export's history stays below 25,000 events in 24 hours with a server that %s, even if each function call fails once",
    async (_, answers) => {
      const onceEach = eventsAtWorst(Object.keys(machine.States)) + historyEventsOfExecution;
      const polling = (await pollsOfADay(answers)) * eventsAtWorst(cycleWith("Wait for export"));
      expect(onceEach + polling).toBeLessThan(mostHistoryEvents);
    },
  );
});

/** The server hands out this many jobs to an export at most (`plan-downloads`). Each has a kick-off and polls of its own. */
const mostJobs = 10;

describe("the longest history of an export", () => {
  const waiting = eventsAtWorst(cycleWith("Wait for turn"));
  const polling = eventsAtWorst(cycleWith("Wait for export"));
  const nextJob = eventsAtWorst(cycleWith("Wait for the first poll, Wait out the other job"));
  const onceEach = eventsAtWorst(Object.keys(machine.States)) + historyEventsOfExecution;

  /** The events of an export that waits for its lease, and then polls its jobs, each with the answer that is polled again soonest. */
  function longestHistory({ days, leaseShare, jobs }: { days: number; leaseShare: number; jobs: number }): number {
    const allowedMs = days * dayMs;
    let now = 0;
    let events = onceEach;
    for (let looks = 1; now < leaseShare * allowedMs; looks += 1, events += waiting)
      now += nextTry(0, turnIntervalMs(looks, { elapsedMs: now, allowedMs })).waitSeconds * 1000;
    const jobMs = (allowedMs - now) / jobs;
    for (let job = 1; job <= jobs; job += 1, events += nextJob) {
      const acceptedAt = now;
      for (; now < acceptedAt + jobMs; events += polling) now += soonestPollMs(now - acceptedAt, now, allowedMs);
      now += mismatchedJobPauseMs({ elapsedMs: now, allowedMs });
    }
    return events;
  }

  test.each([1, 4, 7, 14])(
    "an export's history stays below 25,000 events in %d days, even if the server hands out ten jobs and each function call fails once",
    (days) => {
      const leaseShare = fc.double({ min: 0, max: 0.99, noNaN: true });
      const examples = [1, 2, 5, mostJobs].flatMap((jobs): [number, number][] => [
        [0, jobs],
        [0.1, jobs],
        [0.5, jobs],
      ]);
      fc.assert(
        fc.property(leaseShare, fc.integer({ min: 1, max: mostJobs }), (share, jobs) => {
          expect(longestHistory({ days, leaseShare: share, jobs })).toBeLessThan(mostHistoryEvents);
        }),
        { examples },
      );
    },
  );
});

/*
 * Retries of a throttled call are events as well. They take their time, so that fewer polls fit into the day.
 */
describe("the history of an export whose functions are throttled", () => {
  const retrier = machine.States["Poll export"]?.Retry?.find(({ ErrorEquals }) =>
    ErrorEquals.includes("Lambda.TooManyRequestsException"),
  ) as Retrier;
  const retries = Array.from({ length: retrier.MaxAttempts ?? 0 }, (_, index) => index + 1);

  test.each(retries)("stays below 25,000 events in 24 hours, even if every poll needs %d retries", async (needed) => {
    const polls = await pollsOfADay([running(0)], 1000 * totalOf(delaysOf(retrier).slice(0, needed)));
    const states = cycleWith("Wait for export").map(stateOf);
    const perPoll = totalOf(states.map(historyEventsOf)) + needed * historyEventsOfRetry;
    const tasks = Object.values(machine.States).filter(({ Type }) => Type === "Task");
    const onceEach =
      eventsAtWorst(Object.keys(machine.States)) +
      historyEventsOfExecution +
      tasks.length * retries.length * historyEventsOfRetry;
    expect(onceEach + polls * perPoll).toBeLessThan(mostHistoryEvents);
  });

  /**
   * Each call makes at least one attempt that counts, and a file gets ten at most, two of them after refusals
   * (download-items.test.ts). A call that needs every retry takes four hours.
   */
  test("of a child stays below 25,000 events, even if 250 calls make one attempt each and 20 of them need every retry", () => {
    const child = machine.States["Download files"]?.ItemProcessor as Level;
    const task = child.States["Download file"] as State;
    const mostRetries = totalOf((task.Retry ?? []).map(({ MaxAttempts = 3 }) => MaxAttempts));
    const calls = 10 * mostFilesOfItem * eventsAtWorst(Object.keys(child.States), child);
    expect(historyEventsOfExecution + calls + 20 * mostRetries * historyEventsOfRetry).toBeLessThan(mostHistoryEvents);
  });
});

/*
 * A CCD request lasts a day at most. Its loops are paced by the same rules, and a round adds fewer events than a poll of an
 * export.
 */
describe("the history of a CCD request", () => {
  const retrieval = rendered("ccd-retrieval.asl.json");
  const eventsOf = (names: readonly string[]): number => eventsAtWorst(names, retrieval);

  test("a CCD request's history grows only by loops that have a Wait", () => {
    expect(
      cyclesOf(retrieval)
        .map((cycle) => waitsOn(cycle, retrieval))
        .toSorted(),
    ).toEqual([
      "Wait for ccds",
      "Wait for session",
      "Wait for the first try, Wait to request",
      "Wait to request",
      "Wait to request",
    ]);
  });

  test("a CCD request's history stays below 25,000 events by any loop to its deadline", () => {
    const onceEach = eventsOf(Object.keys(retrieval.States)) + historyEventsOfExecution;
    const most = Math.max(...cyclesOf(retrieval).map((cycle) => rounds(cycle) * eventsOf(cycle)));
    expect(onceEach + most).toBeLessThan(mostHistoryEvents);
  });
});

/** A loop that also fetches an unfinished CCD request has pauses that are twice as long. */
const rounds = (cycle: string[]): number => (cycle.length <= 3 ? 1_700 : 850);

/** The wait for the next poll after the answer that is polled again soonest: a Retry-After of zero, or none. */
function soonestPollMs(workedMs: number, elapsedMs: number, allowedMs: number): number {
  const waits = [0, undefined].map((retryAfterMs) => pollIntervalMs({ retryAfterMs, workedMs, elapsedMs, allowedMs }));
  return nextTry(0, Math.min(...waits)).waitSeconds * 1000;
}

const totalOf = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const stateOf = (name: string): State => machine.States[name] as State;

/** The events of states that are each entered once, if each function call fails once and is retried. */
const eventsAtWorst = (names: readonly string[], { States }: Level = machine): number =>
  names
    .map((name) => States[name] as State)
    .reduce((sum, state) => sum + historyEventsOf(state) + (state.Type === "Task" ? historyEventsOfRetry : 0), 0);

const waitsOn = (cycle: readonly string[], { States }: Level = machine): string =>
  cycle
    .filter((name) => States[name]?.Type === "Wait")
    .toSorted()
    .join(", ");

function cycleWith(waits: string): string[] {
  const cycle = cyclesOf(machine).find((one) => waitsOn(one) === waits);
  if (cycle === undefined) throw new Error(`the machine has no loop with ${waits}`);
  return cycle;
}

/** The loops of a level, each once, as the names of its states. */
function cyclesOf({ States }: Level): string[][] {
  const order = Object.keys(States);
  const cycles: string[][] = [];
  const follow = (way: string[], start: string): void => {
    const last = States[way.at(-1) ?? start];
    for (const name of new Set(last && followers(last))) {
      if (name === start) cycles.push(way);
      // A cycle is found from the first of its states only.
      else if (!way.includes(name) && order.indexOf(name) > order.indexOf(start)) follow([...way, name], start);
    }
  };
  for (const name of order) follow([name], name);
  return cycles;
}
