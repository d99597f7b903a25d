import { readable } from "#platform/executions/explained-failure.ts";
import { type NextTry, timeOf } from "#platform/pacing/pacing.ts";
import type { Awaited } from "./export-progress.ts";

/** Characters of a fault's message that people see while an attempt is repeated. The log has all of it. */
const longestReason = 300;

/** The wait for the next attempt at what failed, such as "The kick-off". */
export function retryOf(attempt: string, reason: string, next: NextTry): Awaited {
  const words = readable(reason);
  const short = words.length > longestReason ? `${words.slice(0, longestReason)}…` : words;
  return { what: "retry", message: `${attempt} failed: ${short}. It will be repeated.`, until: timeOf(next) };
}

/** Why a kick-off is repeated if the server answered with the stored job of another request. */
export const jobOfAnotherRequest = "the server returned the job of another request";

/** The server works on the job, and the next poll is planned. */
export const serverReport = (next: NextTry) => ({
  phase: "atServer" as const,
  waitsFor: {
    what: "server" as const,
    message: "IntegraConnect prepares the files. The bridge polls the job until they are ready.",
    until: timeOf(next),
  },
  nextPollAt: timeOf(next),
});
