import { describe, expect, test } from "vitest";
import { delaysOf } from "./retrier-delays.ts";
import { functionTasksOf, machineFiles, type Retrier, type State } from "./state-machine-files.ts";

const minute = 60;
const tasks = machineFiles.flatMap((file) => functionTasksOf(file).map(([name, state]) => ({ file, name, state })));

/** What a call of a function may end with though the function is well, and how many seconds its retriers must span. */
const shortestSpans: Record<string, number> = {
  // The names of the Step Functions guide, "Handle Lambda service exceptions".
  "Lambda.ServiceException": 5 * minute,
  "Lambda.AWSLambdaException": 5 * minute,
  "Lambda.SdkClientException": 5 * minute,
  "Lambda.ClientExecutionTimeoutException": 5 * minute,
  // A function in a VPC that was idle for weeks gets its network interface anew (Lambda API reference, "Invoke").
  "Lambda.ResourceNotReadyException": 5 * minute,
  "Lambda.ENINotReadyException": 5 * minute,
  "Lambda.EC2ThrottledException": 5 * minute,
  "Lambda.EC2UnexpectedException": 5 * minute,
  "Lambda.TooManyRequestsException": 15 * minute,
};

describe.each(tasks)('task "$name" of $file', ({ state }) => {
  test.each(Object.entries(shortestSpans))("outlasts %s for %d seconds", (error, seconds) => {
    expect(shortestSpan(state, error)).toBeGreaterThanOrEqual(seconds);
  });

  test("retries what the account refuses for as long as a function may run, at most every minute", () => {
    const { MaxDelaySeconds } = retrierOf(state, "Lambda.TooManyRequestsException") as Retrier;
    expect(MaxDelaySeconds).toBe(minute);
  });
});

test("a download outlasts four hours without a free place, because every file is wanted and each holds its place for 15 minutes at most", () => {
  const download = tasks.find(({ name }) => name === "Download file")?.state as State;
  expect(shortestSpan(download, "Lambda.TooManyRequestsException")).toBeGreaterThan(4 * 60 * minute);
});

test("a span is the sum of the delays, and jitter may make each of them zero", () => {
  const retrier = { ErrorEquals: ["A"], IntervalSeconds: 2, MaxAttempts: 4, BackoffRate: 3, MaxDelaySeconds: 20 };
  expect(shortestSpan({ Type: "Task", Retry: [retrier] }, "A")).toBe(2 + 6 + 18 + 20);
  expect(shortestSpan({ Type: "Task", Retry: [{ ...retrier, JitterStrategy: "FULL" }] }, "A")).toBe(0);
  expect(shortestSpan({ Type: "Task", Retry: [retrier] }, "B")).toBe(0);
});

/** The first retrier that names an error decides alone (Step Functions guide, "Error handling"). */
const retrierOf = ({ Retry = [] }: State, error: string): Retrier | undefined =>
  Retry.find(({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes("States.ALL"));

/** The seconds from the first failure to the last attempt, if each attempt fails at once. */
function shortestSpan(state: State, error: string): number {
  const retrier = retrierOf(state, error);
  // FULL jitter waits any time between none and the delay.
  if (retrier === undefined || retrier.JitterStrategy === "FULL") return 0;
  return delaysOf(retrier).reduce((sum, delay) => sum + delay, 0);
}
