import { beforeEach, describe, expect, it } from "vitest";
import { type KickOffExportPorts, kickOffExport } from "#bulk-export/kick-off-export/kick-off-export.ts";
import { KickOffRejected } from "#bulk-export/language/export-faults.ts";
import { type KickOffResult, kickOffResult } from "#bulk-export/language/export-state.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  noon,
  patientExport,
  patientHolder,
  patientJob,
  statusUrl,
} from "../../../fixtures/bridge-in-memory.ts";

const busy = () => Promise.reject(new ServerUnavailable("429", { retryAfterMs: 45_000 }));

const deleteJob = () => Promise.reject(new ServerUnavailable("503"));

describe("the kick-off-export step", () => {
  let bridge: BridgeInMemory;
  /** The jobs on the server. */
  let jobs: Set<string>;
  let kickOffs: number;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    await bridge.leases.take("patient", patientHolder, "n1");
    jobs = new Set();
    kickOffs = 0;
  });

  async function kickOff(more: Partial<KickOffExportPorts> = {}, previous?: KickOffResult): Promise<KickOffResult> {
    const step = kickOffExport({
      kickOff: () => {
        kickOffs += 1;
        jobs.add(statusUrl);
        return Promise.resolve({ statusUrl: new URL(statusUrl), retryAfterMs: 30_000 });
      },
      kickOffUrl: () => new URL(patientJob.kickOffUrl),
      deleteJob: (url) => {
        jobs.delete(url.href);
        return Promise.resolve();
      },
      leases: bridge.leases,
      records: bridge.records,
      reports: bridge.reports,
      audit: bridge.audit,
      bus: bridge.bus,
      log: bridge.log,
      now: bridge.now,
      ...more,
    });
    const input = { export: patientExport, ...(previous && { kickOff: previous }) };
    return kickOffResult.parse(await step(input, bridge.stepContext));
  }
  const stop = () =>
    bridge.records.markStopped(patientExport, {
      reason: "cancelled",
      fault: "ExportStopped",
      message: "stop",
      at: "2026-03-01T12:00:00Z",
    });

  it("a kick-off stores the job, publishes the start, and waits as long as the server requests", async () => {
    expect(await kickOff()).toEqual({ outcome: "accepted", waitSeconds: 30, nextAt: noon / 1000 + 30, attempts: 1 });
    expect(await bridge.records.getJob("e1")).toEqual({ ...patientJob, kickedOffAt: "2026-03-01T12:00:00.000Z" });
    expect(bridge.published).toEqual([
      {
        type: "Export Started",
        detail: {
          version: "1",
          eventId: "e1/started",
          exportId: "e1",
          run: "first",
          requestId: "r1",
          request: patientExport.request,
          predecessor: null,
          startedAt: patientExport.startedAt,
          destination: { bucket: "landing", key: "exports/e1/" },
        },
      },
    ]);
  });

  it("the job's kick-off time is our clock before the first request, because a lost answer may have started the job", async () => {
    const slow = () => {
      bridge.clock.now += 60_000;
      return Promise.reject(new ServerUnavailable("the answer broke off"));
    };
    await kickOff({ kickOff: slow });
    await kickOff();
    expect((await bridge.records.getJob("e1")).kickedOffAt).toBe("2026-03-01T12:00:00.000Z");
  });

  it("what could not be read in the answer to a kick-off stands in the result", async () => {
    const started = { statusUrl: new URL(statusUrl), retryAfterMs: undefined, warnings: { RETRY_AFTER_UNREADABLE: 1 } };
    expect((await kickOff({ kickOff: () => Promise.resolve(started) })).warnings).toEqual(started.warnings);
  });

  it("a kick-off that is repeated any number of times never starts a second job", async () => {
    await kickOff();
    expect((await kickOff()).outcome).toBe("accepted");
    expect(kickOffs).toBe(1);
    expect(new Set(bridge.published.map(({ detail }) => detail.eventId))).toEqual(new Set(["e1/started"]));
  });

  it("a start that could not be published is published in the next attempt, without a second job", async () => {
    bridge.busIsDown.value = true;
    await expect(kickOff()).rejects.toMatchObject({ name: "EventsUndelivered" });
    bridge.busIsDown.value = false;
    await kickOff();
    expect(bridge.published).toHaveLength(1);
    expect(kickOffs).toBe(1);
  });

  it("a kick-off that meets a busy server is repeated as the server requests", async () => {
    const first = await kickOff({ kickOff: busy });
    expect(first).toEqual({ outcome: "busy", waitSeconds: 45, nextAt: noon / 1000 + 45, attempts: 1 });
    expect((await kickOff({ kickOff: busy }, first)).attempts).toBe(2);
    expect(bridge.published).toEqual([]);
    expect(await bridge.records.findJob("e1")).toBeUndefined();
  });

  it("a kick-off fails after 20 attempts", async () => {
    const fault = new ServerUnavailable("503");
    const previous: KickOffResult = { outcome: "busy", waitSeconds: 1, nextAt: 1, attempts: 19 };
    await expect(kickOff({ kickOff: () => Promise.reject(fault) }, previous)).rejects.toBe(fault);
  });

  it.each([new KickOffRejected("400"), new AccessRefused("401")])(
    "a kick-off that ends with $name fails with it",
    async (fault) => {
      await expect(kickOff({ kickOff: () => Promise.reject(fault) })).rejects.toBe(fault);
      expect(bridge.published).toEqual([]);
    },
  );

  it("the job of an export that was stopped during its kick-off is deleted", async () => {
    await stop();
    await expect(kickOff()).rejects.toMatchObject({ name: "ExportStopped" });
    expect(jobs).toEqual(new Set());
    expect(bridge.published).toEqual([]);
  });

  it("a stopped export without the lease leaves the job alone, because it may be the next export's", async () => {
    const losing = async () => {
      jobs.add(statusUrl);
      await bridge.leases.release("patient", "e1");
      await bridge.leases.take("patient", { execution: "e2", exportId: "e2", kickOff: "else" }, "n2");
      return { statusUrl: new URL(statusUrl), retryAfterMs: undefined };
    };
    await stop();
    await expect(kickOff({ kickOff: losing })).rejects.toMatchObject({ name: "ExportStopped" });
    expect(jobs).toEqual(new Set([statusUrl]));
  });

  it("an export without the lease sends no kick-off", async () => {
    await bridge.leases.release("patient", "e1");
    await expect(kickOff()).rejects.toMatchObject({ name: "ExportStopped" });
    expect(kickOffs).toBe(0);
  });

  it("an export kicks off again until the server hands out another job than the other request's", async () => {
    await bridge.records.saveJob({ ...patientJob, foreign: true });
    expect(await kickOff()).toMatchObject({ outcome: "busy", waitSeconds: 30 });
    expect(await bridge.records.getJob("e1")).toMatchObject({ foreign: true });
    const own = new URL("https://portal.example/bulkExport/job-8");
    const next = () => Promise.resolve({ statusUrl: own, retryAfterMs: undefined });
    expect((await kickOff({ kickOff: next })).outcome).toBe("accepted");
    expect(await bridge.records.getJob("e1")).toMatchObject({ statusUrl: own.href, foreign: false });
    expect(bridge.audited()).toContain("exports/e1/first/kicked-off-job-8.json");
  });

  it("kick-offs become rarer the longer the export takes, for a busy server and for a job of another request", async () => {
    bridge.clock.now += 12 * 3_600_000;
    expect((await kickOff({ kickOff: busy })).waitSeconds).toBeGreaterThanOrEqual(60);
    await bridge.records.saveJob({ ...patientJob, foreign: true });
    expect((await kickOff()).waitSeconds).toBeGreaterThanOrEqual(60);
  });

  it("an export stays stopped if the DELETE of its job fails", async () => {
    await stop();
    await expect(kickOff({ deleteJob })).rejects.toMatchObject({ name: "ExportStopped" });
    expect(bridge.published).toEqual([]);
  });
});
