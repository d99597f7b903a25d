import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { ExportJobFailed, ExportJobGone } from "#bulk-export/language/export-faults.ts";
import { type KickOffResult, type PollResult, pollResult } from "#bulk-export/language/export-state.ts";
import type { WarningCounts } from "#bulk-export/language/export-warnings.ts";
import { type PollExportPorts, pollExport } from "#bulk-export/poll-export/poll-export.ts";
import type { JobStatus } from "#bulk-export/server/job-status.ts";
import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  noon,
  patientExport,
  patientJob,
} from "../../../fixtures/bridge-in-memory.ts";
import { pollsOfADay } from "../../../fixtures/polls-of-a-day.ts";

const running = (retryAfterMs?: number, warnings?: WarningCounts): JobStatus => ({
  state: "in-progress",
  progress: "50%",
  retryAfterMs,
  ...(warnings && { warnings }),
});

const accepted = (at: number) => ({ outcome: "accepted", waitSeconds: 1, nextAt: at / 1000 + 1, attempts: 1 }) as const;

describe("the poll-export step", () => {
  let bridge: BridgeInMemory;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    await bridge.records.saveJob(patientJob);
  });

  const ports = (pollStatus: PollExportPorts["pollStatus"]): PollExportPorts => ({
    pollStatus,
    records: bridge.records,
    reports: bridge.reports,
    log: bridge.log,
    now: bridge.now,
  });
  const poll = async (answer: JobStatus | Error, previous?: PollResult, run = "first"): Promise<PollResult> => {
    const pollStatus = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
    const input = { export: { ...patientExport, run }, ...(previous && { poll: previous }) };
    return pollResult.parse(await pollExport(ports(pollStatus))(input, bridge.stepContext));
  };

  const pollsUntilGivenUp = async (fault: Error, first?: PollResult, run?: string): Promise<number> => {
    let previous = first;
    for (let times = 1; ; times += 1) {
      try {
        previous = await poll(fault, previous, run);
        bridge.clock.now += previous.waitSeconds * 1000;
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

  const waitOf = async (kickOff: KickOffResult | undefined, run = "first"): Promise<number> => {
    const step = pollExport(ports(() => Promise.resolve(running())));
    return (await step({ export: { ...patientExport, run }, ...(kickOff && { kickOff }) }, bridge.stepContext))
      .waitSeconds;
  };

  describe("if the server sends no Retry-After", () => {
    it("a poll waits a tenth of the time since the kick-off was accepted, however long the export waited before", async () => {
      bridge.clock.now = Date.parse(patientJob.kickedOffAt) + 6 * 3_600_000;
      expect(await waitOf(accepted(bridge.clock.now))).toBe(1);
      expect(await waitOf(accepted(bridge.clock.now - 120_000))).toBe(12);
      expect(await waitOf(accepted(bridge.clock.now - 600_000))).toBe(60);
    });

    it.each([["first"], ["r1"]])(
      "the poll of run %s without a kick-off in its state waits by the age of the job",
      async (run) => {
        bridge.clock.now = Date.parse(patientJob.kickedOffAt) + 600_000;
        expect(await waitOf(undefined, run)).toBe(60);
        bridge.clock.now += 86_400_000;
        expect(await waitOf(undefined, run)).toBe(300);
      },
    );
  });

  it("a poll of a complete job stores the manifest byte for byte", async () => {
    const manifest = Buffer.from('{ "output": [] }\n');
    const url = new URL("https://portal.example/files/manifest");
    expect(await poll({ state: "complete", manifest, url })).toMatchObject({ outcome: "ready", polls: 1, troubles: 0 });
    expect(Buffer.from(await bridge.records.getManifest("e1", 1)).equals(manifest)).toBe(true);
    expect(await bridge.records.getJob("e1")).toEqual({ ...patientJob, manifestUrl: url.href });
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

  it("polling goes on for an hour if the certificate is not accepted, because the server has worked on the job", async () => {
    expect(await pollsUntilGivenUp(new CertificateRefused("expired", { unexplained: true }))).toBe(20);
  });

  it("polling fails after 20 consecutive failures, or after 5 that the server does not explain", async () => {
    expect(await pollsUntilGivenUp(new ServerUnavailable("503"))).toBe(20);
    expect(await pollsUntilGivenUp(new ServerUnavailable("500", { unexplained: true }))).toBe(5);
  });

  it("what could not be read in the answers is counted over all polls", async () => {
    const unread = running(undefined, { TEXT_CUT: 1, RETRY_AFTER_UNREADABLE: 1 });
    const second = await poll(new ServerUnavailable("503"), await poll(unread));
    const third = await poll(running(undefined, { TEXT_CUT: 1 }), second);
    const counts = { TEXT_CUT: 2, RETRY_AFTER_UNREADABLE: 1 };
    expect(third.warnings).toEqual(counts);
    const complete = { state: "complete", manifest: Buffer.from("{}"), url: new URL(patientJob.statusUrl) } as const;
    expect((await poll(complete, third)).warnings).toEqual(counts);
  });

  // E13
  describe("if the status request is answered by 404", () => {
    const gone = new ExportJobGone("404");

    it("the first answer of a new job is not believed, and the next poll finds the job", async () => {
      const first = await poll(gone);
      expect(first).toMatchObject({ outcome: "in-progress", waitSeconds: 2, troubles: 1, gone: 1 });
      expect(await poll(running(), first)).toMatchObject({ outcome: "in-progress", troubles: 0 });
    });

    it("a new job is gone after eight such answers in about four minutes", async () => {
      bridge.clock.now = Date.parse(patientJob.kickedOffAt);
      const start = bridge.clock.now;
      expect(await pollsUntilGivenUp(gone)).toBe(8);
      expect((bridge.clock.now - start) / 60_000).toBeCloseTo(4.2, 1);
    });

    it("a job that has run for long is gone after three such answers, and so is the job of a resumed export", async () => {
      bridge.clock.now += 3_600_000;
      expect(await pollsUntilGivenUp(gone, await poll(running()))).toBe(3);
      expect(await pollsUntilGivenUp(gone, undefined, "r1")).toBe(3);
    });

    it("the Retry-After of such an answer is obeyed", async () => {
      expect((await poll(new ExportJobGone("404", { retryAfterMs: 120_000 }))).waitSeconds).toBe(120);
    });

    it("an answer of another kind in between begins the count anew, but no mix is polled for ever", async () => {
      const previous = { outcome: "in-progress", waitSeconds: 2, nextAt: 0, polls: 7, troubles: 7, gone: 7 } as const;
      const between = await poll(new ServerUnavailable("503"), previous);
      expect(between).toMatchObject({ troubles: 8, gone: 0 });
      expect(await poll(gone, between)).toMatchObject({ troubles: 9, gone: 1 });
      await expect(poll(gone, { ...between, troubles: 19 })).rejects.toBe(gone);
    });
  });

  // E14
  it("a redirect to another origin, such as a login page, ends the export only if it repeats itself", async () => {
    expect(await pollsUntilGivenUp(new OriginRefused("a redirect leads elsewhere"))).toBe(5);
  });

  it.each([new ExportJobFailed("disk full"), new AccessRefused("no")])(
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
      {
        numRuns: 10,
        examples: [
          [[running(1_000), new ServerUnavailable("429", { retryAfterMs: 1_000 })]],
          [[running(0), new ExportJobGone("404"), new OriginRefused("login")]],
        ],
      },
    );
  });
});
