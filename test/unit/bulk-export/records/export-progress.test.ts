import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { exportPhaseNames } from "#bulk-export/language/export-progress.ts";
import type { NewExport } from "#bulk-export/records/export-progress.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const at = (minute: number): string => `2026-03-01T12:${String(minute).padStart(2, "0")}:00.000Z`;

const created = (exportId: string, minute = 0): NewExport => ({
  exportId,
  trigger: { kind: "api", by: "clara" },
  request: { level: "patient", groupId: null, types: ["Patient"], since: null },
  call: { caller: "clara", bodyDigest: "d1" },
  requestedAt: at(minute),
});
const first = { exportId: "e1", run: "first" };
const resumed = { exportId: "e1", run: "r1" };
const begun = (minute: number) => ({ ...created("e1"), startedAt: at(minute) });
const failed = { state: "failed" as const, error: { name: "AccessRefused" as const, message: "401" }, endedAt: at(9) };
const completed = { state: "completed" as const, error: null, endedAt: at(8) };

describe("the progress of an export", () => {
  let bridge: BridgeInMemory;
  beforeEach(() => {
    bridge = bridgeInMemory();
  });

  it("is stored once: a repeated request gets the stored one", async () => {
    const stored = await bridge.progress.create(created("e1"));
    expect(stored).toMatchObject({ state: "requested", run: "first", startedAt: null });
    const repeated = { ...created("e1", 5), call: { caller: "clara", bodyDigest: "d2" } };
    expect(await bridge.progress.create(repeated)).toEqual(stored);
    expect(await bridge.progress.find("e1")).toEqual(stored);
  });

  it("goes from the request through its phases to the end", async () => {
    await bridge.progress.create(created("e1"));
    await bridge.progress.beginRun(first, begun(1));
    const waitsFor = { what: "server" as const, message: "m", until: at(3) };
    await bridge.progress.report(first, { phase: "atServer", waitsFor, nextPollAt: at(3), serverProgress: "50 %" });
    expect(await bridge.progress.find("e1")).toMatchObject({
      state: "running",
      phase: "atServer",
      startedAt: at(1),
      waitsFor,
      nextPollAt: at(3),
      serverProgress: "50 %",
    });
    await bridge.progress.report(first, { phase: "downloading", waitsFor: null, nextPollAt: null, filesPlanned: 2 });
    await bridge.progress.end(first, completed);
    expect(await bridge.progress.find("e1")).toMatchObject({
      state: "completed",
      phase: null,
      waitsFor: null,
      nextPollAt: null,
      filesPlanned: 2,
      endedAt: at(8),
    });
  });

  it("of an export that an event requested begins with its validation, and that of an invalid one has no request", async () => {
    await bridge.progress.beginRun(first, { ...begun(1), trigger: { kind: "event", by: "app" }, request: null });
    expect(await bridge.progress.find("e1")).toMatchObject({
      state: "running",
      phase: "waiting",
      trigger: { kind: "event", by: "app" },
      request: null,
      call: null,
    });
  });

  it("never goes back, whatever writes come late", async () => {
    const phases = ["begin", ...exportPhaseNames, "end"] as const;
    const write = fc.record({ run: fc.constantFrom("first", "r1"), phase: fc.constantFrom(...phases) });
    /** `waiting` begins with the run. */
    const reachOf = (run: string, phase: string): number =>
      10 * ["first", "r1"].indexOf(run) + Math.max(1, phases.indexOf(phase as (typeof phases)[number]));
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 12 }), async (writes) => {
        const { progress } = bridgeInMemory();
        await progress.create(created("e1"));
        let reached = 0;
        for (const { run, phase } of writes) {
          const before = await progress.find("e1");
          const one = { exportId: "e1", run };
          if (phase === "begin") await progress.beginRun(one, begun(1));
          else if (phase === "end") await progress.end(one, failed);
          else await progress.report(one, { phase, waitsFor: null });
          const after = await progress.find("e1");
          const ofOtherRun = phase === "end" && before?.run !== run;
          const reach = ofOtherRun ? 0 : reachOf(run, phase);
          const ended = { ...before, run, state: "failed", phase: null };
          const going = { ...before, run, state: "running", phase: phase === "begin" ? "waiting" : phase };
          const expected = reach < reached || ofOtherRun ? before : phase === "end" ? ended : going;
          expect(reach < reached || ofOtherRun ? after : before).toEqual(before);
          expect([after?.run, after?.state, after?.phase]).toEqual([expected?.run, expected?.state, expected?.phase]);
          reached = Math.max(reached, reach);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("the first end of a run stands, and a resumption begins anew", async () => {
    await bridge.progress.create(created("e1"));
    await bridge.progress.end(first, failed);
    await bridge.progress.end(first, completed);
    await bridge.progress.report(first, { phase: "downloading", waitsFor: null });
    expect(await bridge.progress.find("e1")).toMatchObject({ state: "failed", error: failed.error, endedAt: at(9) });
    await bridge.progress.beginRun(resumed, { ...begun(10), startedAt: null });
    expect(await bridge.progress.find("e1")).toMatchObject({
      state: "requested",
      run: "r1",
      error: null,
      endedAt: null,
    });
    await bridge.progress.beginRun(resumed, begun(11));
    await bridge.progress.end(first, completed);
    expect(await bridge.progress.find("e1")).toMatchObject({ state: "running", run: "r1", startedAt: at(11) });
  });

  it("a resumption that was refused leaves the running run as it is", async () => {
    await bridge.progress.beginRun(first, begun(1));
    await bridge.progress.end(resumed, { ...failed, error: { name: "InvalidRequest", message: "still running" } });
    expect(await bridge.progress.find("e1")).toMatchObject({ run: "first", state: "running", error: null });
    await bridge.progress.end(first, completed);
    expect(await bridge.progress.find("e1")).toMatchObject({ run: "first", state: "completed" });
  });

  it("keeps the numbers of the summary, without reports among the lines", async () => {
    await bridge.progress.create(created("e1"));
    const summary = { ...emptySummary("e1", "complete"), phases: { waiting: 1, atServer: 2, downloading: 3 } };
    await bridge.reports.storeResult(summary, { Patient: 3 });
    expect((await bridge.progress.find("e1"))?.result).toEqual({
      run: "first",
      status: "complete",
      totals: { files: 0, failedFiles: 0, lines: 0, bytes: 0 },
      linesByType: { Patient: 3 },
      phases: { waiting: 1, atServer: 2, downloading: 3 },
    });
  });

  it("an export that release 0.2.0 began gets no item, and its steps go on", async () => {
    await bridge.reports.report(first, { phase: "atServer", waitsFor: null });
    await bridge.reports.storeResult(emptySummary("e1", "complete"), {});
    await bridge.progress.end(first, completed);
    expect(bridge.ledger.items.size).toBe(0);
    expect(bridge.logged).toEqual([]);
  });

  it("counts as deleted once its time is over, from its last run on", async () => {
    await bridge.progress.create(created("e1"));
    bridge.clock.now += 13 * 86_400_000;
    await bridge.progress.beginRun(resumed, begun(1));
    bridge.clock.now += 13 * 86_400_000;
    expect(await bridge.progress.find("e1")).toBeDefined();
    bridge.clock.now += 86_400_000;
    expect(await bridge.progress.find("e1")).toBeUndefined();
    expect(
      (await bridge.progress.list({ limit: 5, from: undefined, to: undefined, after: undefined })).exports,
    ).toEqual([]);
  });
});

describe("the list of exports", () => {
  it("has the newest first, page by page, between two times", async () => {
    const { progress } = bridgeInMemory();
    for (const minute of [3, 1, 4, 2, 5]) await progress.create(created(`e${minute}`, minute));
    const all = { limit: 2, from: undefined, to: undefined, after: undefined };
    const idsOf = ({ exports }: Awaited<ReturnType<typeof progress.list>>) => exports.map(({ exportId }) => exportId);
    const page = await progress.list(all);
    expect(idsOf(page)).toEqual(["e5", "e4"]);
    const next = await progress.list({ ...all, after: page.next });
    expect(idsOf(next)).toEqual(["e3", "e2"]);
    const last = await progress.list({ ...all, after: next.next });
    expect([idsOf(last), last.next]).toEqual([["e1"], undefined]);
    expect(idsOf(await progress.list({ ...all, limit: 9, from: at(2), to: at(4) }))).toEqual(["e4", "e3", "e2"]);
  });
});
