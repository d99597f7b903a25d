import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { ExportJobFailed, ExportJobGone } from "#bulk-export/language/export-faults.ts";
import { type PollResult, pollResult } from "#bulk-export/language/export-state.ts";
import { type PollExportPorts, pollExport } from "#bulk-export/poll-export/poll-export.ts";
import type { JobStatus } from "#bulk-export/server/job-status.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  noon,
  patientExport,
  patientJob,
} from "../../../fixtures/bridge-in-memory.ts";
import { pollsOfADay } from "../../../fixtures/polls-of-a-day.ts";

const running = (retryAfterMs?: number): JobStatus => ({ state: "in-progress", progress: "50%", retryAfterMs });

describe("the poll-export step", () => {
  let bridge: BridgeInMemory;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    await bridge.records.saveJob(patientJob);
  });

  const ports = (pollStatus: PollExportPorts["pollStatus"]): PollExportPorts => ({
    pollStatus,
    records: bridge.records,
    log: bridge.log,
    now: bridge.now,
  });
  const poll = async (answer: JobStatus | Error, previous?: PollResult): Promise<PollResult> => {
    const pollStatus = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
    const input = { export: patientExport, ...(previous && { poll: previous }) };
    return pollResult.parse(await pollExport(ports(pollStatus))(input, bridge.stepContext));
  };

  const pollsUntilGivenUp = async (fault: ServerUnavailable): Promise<number> => {
    let previous: PollResult | undefined;
    for (let times = 1; ; times += 1) {
      try {
        previous = await poll(fault, previous);
      } catch (error) {
        if (error === fault) return times;
        throw error;
      }
    }
  };

  it("a poll of a job in progress waits as long as the server requests", async () => {
    expect(await poll(running(90_000))).toEqual({
      outcome: "in-progress",
      waitSeconds: 90,
      nextAt: noon / 1000 + 90,
      polls: 1,
      troubles: 0,
    });
  });

  it("a poll of a complete job stores the manifest byte for byte", async () => {
    const manifest = Buffer.from('{ "output": [] }\n');
    expect(await poll({ state: "complete", manifest })).toMatchObject({ outcome: "ready", polls: 1, troubles: 0 });
    expect(Buffer.from(await bridge.records.getManifest("e1", 1)).equals(manifest)).toBe(true);
  });

  it("a poll requests the job's own status URL", async () => {
    const requested: string[] = [];
    await pollExport(
      ports((url) => {
        requested.push(url.href);
        return Promise.resolve(running());
      }),
    )({ export: patientExport }, bridge.stepContext);
    expect(requested).toEqual([patientJob.statusUrl]);
  });

  it.each([
    ["has no job", undefined],
    ["has only the job of another request", { ...patientJob, foreign: true }],
  ])("a poll of an export that %s fails with ExportJobGone", async (_, job) => {
    bridge = bridgeInMemory();
    if (job !== undefined) await bridge.records.saveJob(job);
    await expect(poll(running())).rejects.toMatchObject({ name: "ExportJobGone" });
  });

  it("all polls are counted, but only consecutive failures", async () => {
    const first = await poll(new ServerUnavailable("503"));
    const second = await poll(new ServerUnavailable("503"), first);
    const third = await poll(running(), second);
    expect([first, second, third].map(({ polls, troubles }) => [polls, troubles])).toEqual([
      [1, 1],
      [2, 2],
      [3, 0],
    ]);
  });

  it("the Retry-After of a 429 is obeyed", async () => {
    expect(await poll(new ServerUnavailable("429", { retryAfterMs: 600_000 }))).toMatchObject({
      outcome: "in-progress",
      waitSeconds: 600,
    });
  });

  it("polling fails after 20 consecutive failures, or after 5 that the server does not explain", async () => {
    expect(await pollsUntilGivenUp(new ServerUnavailable("503"))).toBe(20);
    expect(await pollsUntilGivenUp(new ServerUnavailable("500", { unexplained: true }))).toBe(5);
  });

  it.each([new ExportJobFailed("disk full"), new ExportJobGone("gone"), new AccessRefused("no")])(
    "a poll that ends with $name fails with it",
    async (fault) => {
      await expect(poll(fault)).rejects.toBe(fault);
    },
  );

  it("24 hours of polling take fewer than 1,700 polls for any mix of answers", async () => {
    const answer = fc.oneof(
      fc.nat({ max: 5_000 }).map((ms) => running(ms)),
      fc.constant(running()),
      fc.nat({ max: 5_000 }).map((retryAfterMs) => new ServerUnavailable("429", { retryAfterMs })),
      fc.constant(new ServerUnavailable("503")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 6 }), async (answers) => {
        fc.pre(answers.some((one) => !(one instanceof Error)));
        expect(await pollsOfADay(answers)).toBeLessThan(1_700);
      }),
      { numRuns: 10, examples: [[[running(1_000), new ServerUnavailable("429", { retryAfterMs: 1_000 })]]] },
    );
  });
});
