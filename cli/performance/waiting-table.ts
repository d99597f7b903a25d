import { type PollSchedule, pollJob, scheduleOf020, scheduleOfToday } from "./poll-schedule.ts";

const minute = 60;
const hour = 60 * minute;

/** Jobs by the seconds that they take the server. */
const jobs: [name: string, seconds: number][] = [
  ["30 s", 30],
  ["1 min", minute],
  ["2 min", 2 * minute],
  ["5 min", 5 * minute],
  ["10 min", 10 * minute],
  ["30 min", 30 * minute],
  ["1 h", hour],
  ["3 h", 3 * hour],
  ["6 h", 6 * hour],
  ["12 h", 12 * hour],
  ["24 h", 24 * hour],
];

const samples = 400;

/** What a schedule loses for jobs that take about this long: 401 durations from a tenth less to a tenth more. */
export function lossOf(jobSeconds: number, schedule: PollSchedule): { median: number; worst: number; polls: number } {
  const losses = Array.from({ length: samples + 1 }, (_, index) => jobSeconds * (0.9 + (0.2 * index) / samples))
    .map((seconds) => pollJob(seconds, schedule).lostSeconds)
    .toSorted((a, b) => a - b);
  return {
    median: losses[samples / 2] as number,
    worst: losses[samples] as number,
    polls: pollJob(jobSeconds, schedule).polls,
  };
}

/** Renders the table of lost time in docs/performance.md, as Markdown. */
export function renderWaitingTable(): string {
  return [
    "| the job takes | lost in 0.2.0: median (worst) | polls | lost: median (worst) | polls |",
    "| --- | --- | --- | --- | --- |",
    ...jobs.map(
      ([name, seconds]) => `| ${name} | ${cells(seconds, scheduleOf020)} | ${cells(seconds, scheduleOfToday)} |`,
    ),
  ].join("\n");
}

const cells = (seconds: number, schedule: PollSchedule): string => {
  const { median, worst, polls } = lossOf(seconds, schedule);
  return `${Math.round(median)} s (${Math.round(worst)} s) | ${polls}`;
};
