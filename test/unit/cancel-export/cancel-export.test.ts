import { beforeEach, describe, expect, it } from "vitest";
import { AccessRefused } from "#contracts/errors.ts";
import { cancelExport } from "#functions/cancel-export/cancel-export.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  patientExport,
  patientJob,
  statusUrl,
} from "#test/fixtures/bridge-in-memory.ts";

describe("an execution that was ended from outside", () => {
  let bridge: BridgeInMemory;
  let jobs: Set<string>;
  beforeEach(() => {
    bridge = bridgeInMemory();
    jobs = new Set([statusUrl]);
  });

  const cancel = (status: "ABORTED" | "TIMED_OUT", fault?: Error) =>
    cancelExport({
      deleteJob: (url) => {
        if (fault) return Promise.reject(fault);
        jobs.delete(url.href);
        return Promise.resolve();
      },
      records: bridge.records,
      bus: bridge.bus,
      log: bridge.log,
      now: bridge.now,
    })({ detail: { name: "e1", status } }, bridge.stepContext);

  it("leaves a marker, deletes the job and tells the subscribers", async () => {
    await bridge.records.saveJob(patientJob);
    expect(await cancel("ABORTED")).toEqual({});
    expect(await bridge.records.findStop("e1")).toEqual({
      reason: "cancelled",
      fault: "ExportStopped",
      message: "its execution was stopped",
      at: "2026-03-01T12:00:00.000Z",
    });
    expect(jobs.size).toBe(0);
    expect(bridge.published).toEqual([
      {
        type: "Export Cancelled",
        detail: {
          version: "1",
          eventId: "e1/cancelled",
          exportId: "e1",
          requestId: "r1",
          request: patientExport.request,
          cancelledAt: "2026-03-01T12:00:00.000Z",
          jobDeleted: true,
          destination: { bucket: "landing", key: "exports/e1/" },
        },
      },
    ]);
  });

  it("by its time limit is a failed export", async () => {
    await bridge.records.saveJob(patientJob);
    await cancel("TIMED_OUT");
    expect(jobs.size).toBe(0);
    expect(bridge.published).toMatchObject([
      { type: "Export Failed", detail: { eventId: "e1/failed", requestId: "r1", error: { name: "DeadlineExceeded" } } },
    ]);
  });

  it("before it had a job is told all the same", async () => {
    await cancel("ABORTED");
    expect(bridge.published).toMatchObject([
      { type: "Export Cancelled", detail: { jobDeleted: false, request: null, requestId: null } },
    ]);
  });

  it("is told where the server keeps the job", async () => {
    await bridge.records.saveJob(patientJob);
    await cancel("ABORTED", new AccessRefused("401"));
    expect(bridge.published).toMatchObject([{ detail: { jobDeleted: false } }]);
    expect(bridge.logged.join()).toContain("401");
  });

  it("is marked before anything else, so that nothing lands even where the bus is down", async () => {
    bridge.busIsDown.value = true;
    await expect(cancel("ABORTED")).rejects.toMatchObject({ name: "EventsUndelivered" });
    expect(await bridge.records.findStop("e1")).toBeDefined();
  });

  it("told twice is the same event", async () => {
    await cancel("ABORTED");
    await cancel("ABORTED");
    expect(new Set(bridge.published.map(({ detail }) => detail.eventId)).size).toBe(1);
  });
});
