import { beforeEach, describe, expect, it } from "vitest";
import { cancelExport } from "#bulk-export/cancel-export/cancel-export.ts";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import { recordPublished } from "#bulk-export/records/export-audit.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { AccessRefused } from "#platform/faults/faults.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  patientExport,
  patientHolder,
  patientJob,
  patientRecord,
  statusUrl,
} from "../../../fixtures/bridge-in-memory.ts";

describe("the cancel-export step", () => {
  let bridge: BridgeInMemory;
  let jobs: Set<string>;
  beforeEach(async () => {
    bridge = bridgeInMemory();
    jobs = new Set([statusUrl]);
    await bridge.records.saveExport(patientRecord);
    await bridge.leases.take("patient", patientHolder, "n1");
  });

  const cancel = (
    status: "ABORTED" | "TIMED_OUT" | "FAILED",
    { fault, name = "e1", input, error, cause }: Ended = {},
  ) =>
    cancelExport({
      settle: settleRun({
        deleteJob: (url) => {
          if (fault) return Promise.reject(fault);
          jobs.delete(url.href);
          return Promise.resolve();
        },
        leases: bridge.leases,
        records: bridge.records,
        openRuns: bridge.openRuns,
        progress: bridge.progress,
        audit: bridge.audit,
        bus: bridge.bus,
        log: bridge.log,
        now: bridge.now,
      }),
    })({ detail: { name, status, input: JSON.stringify(input ?? null), error, cause } }, bridge.stepContext);

  it("a stopped execution leaves a stop marker, its job is deleted, the end is published, and its lease is released", async () => {
    await bridge.records.saveJob(patientJob);
    expect(await cancel("ABORTED")).toEqual({});
    expect(await bridge.records.findStop(patientExport)).toEqual({
      reason: "cancelled",
      fault: "ExportStopped",
      message: "its execution was stopped",
      at: "2026-03-01T12:00:00.000Z",
    });
    expect(jobs.size).toBe(0);
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(false);
    expect(bridge.audited()).toEqual(["exports/e1/first/stopped.json"]);
    expect(bridge.published).toEqual([
      {
        type: "Export Cancelled",
        detail: {
          version: "1",
          eventId: "e1/cancelled",
          exportId: "e1",
          run: "first",
          requestId: "r1",
          request: patientExport.request,
          predecessor: null,
          cancelledAt: "2026-03-01T12:00:00.000Z",
          jobDeleted: true,
          destination: { bucket: "landing", key: "exports/e1/" },
        },
      },
    ]);
  });

  it("an execution that exceeds its time limit is published as a failed export", async () => {
    await bridge.records.saveJob(patientJob);
    await cancel("TIMED_OUT");
    expect(jobs.size).toBe(0);
    expect(bridge.published).toMatchObject([
      { type: "Export Failed", detail: { eventId: "e1/failed", requestId: "r1", error: { name: "DeadlineExceeded" } } },
    ]);
  });

  it.each([
    ["TIMED_OUT", "is kept, because its files can still be fetched", [statusUrl]],
    ["ABORTED", "is deleted, because nobody wants its files", []],
  ] as const)("the complete job of an execution that ends as %s %s", async (status, _, left) => {
    await bridge.records.saveJob({ ...patientJob, manifestUrl: statusUrl });
    await cancel(status);
    expect(jobs).toEqual(new Set(left));
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(false);
  });

  it("an export that is stopped before its kick-off is published as cancelled, with its request", async () => {
    await cancel("ABORTED");
    expect(bridge.published).toMatchObject([
      { type: "Export Cancelled", detail: { jobDeleted: false, request: patientExport.request, requestId: "r1" } },
    ]);
  });

  it("an export that is stopped before its validation is published as cancelled, without its request", async () => {
    await cancel("ABORTED", { name: "e9" });
    expect(bridge.published).toMatchObject([{ detail: { exportId: "e9", request: null, requestId: null } }]);
  });

  it("stopping an export that waits for the lease leaves the job of the lease's holder alone", async () => {
    await bridge.records.saveExport({ ...patientRecord, exportId: "e2" });
    await bridge.records.saveJob({ ...patientJob, exportId: "e2" });
    await cancel("ABORTED", { name: "e2" });
    expect(jobs).toEqual(new Set([statusUrl]));
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(true);
  });

  it("stopping an export never deletes the job of another request", async () => {
    await bridge.records.saveJob({ ...patientJob, foreign: true });
    await cancel("ABORTED");
    expect(jobs).toEqual(new Set([statusUrl]));
    expect(bridge.published).toMatchObject([{ detail: { jobDeleted: false } }]);
  });

  it("stopping an execution that resumes an export stops this run, under the export's id", async () => {
    await bridge.leases.release("patient", "e1");
    await bridge.leases.take("patient", { ...patientHolder, execution: "e1-r1" }, "n2");
    await bridge.records.saveJob(patientJob);
    const trigger = { kind: "event", id: "i", source: "s", account: "1" };
    await cancel("ABORTED", { name: "e1-r1", input: { resume: { exportId: "e1", run: "r1" }, trigger } });
    expect(await bridge.records.findStop({ exportId: "e1", run: "r1" })).toBeDefined();
    expect(await bridge.records.findStop(patientExport)).toBeUndefined();
    expect(jobs.size).toBe(0);
    expect(bridge.published).toMatchObject([{ detail: { exportId: "e1", run: "r1", eventId: "e1/cancelled/r1" } }]);
  });

  it("the event of a cancelled export says if the server did not delete the job", async () => {
    await bridge.records.saveJob(patientJob);
    await cancel("ABORTED", { fault: new AccessRefused("401") });
    expect(bridge.published).toMatchObject([{ detail: { jobDeleted: false } }]);
    expect(bridge.logged.join()).toContain("401");
  });

  it("the stop marker is stored first, so no file lands even if the bus is down", async () => {
    bridge.busIsDown.value = true;
    await expect(cancel("ABORTED")).rejects.toMatchObject({ name: "EventsUndelivered" });
    expect(await bridge.records.findStop(patientExport)).toBeDefined();
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(true);
  });

  it("a cancellation that is published twice, because its record was lost, has the same event id twice", async () => {
    await cancel("ABORTED");
    await cancel("ABORTED");
    expect(bridge.published).toHaveLength(2);
    expect(new Set(bridge.published.map(({ detail }) => detail.eventId)).size).toBe(1);
  });

  it("an execution that fails without a word is published as a failed export, with Step Functions' own words", async () => {
    await bridge.records.saveJob(patientJob);
    await cancel("FAILED", { error: "States.Runtime", cause: "The JSONPath '$.plan' could not be found" });
    expect(bridge.published).toMatchObject([
      {
        type: "Export Failed",
        detail: {
          eventId: "e1/failed",
          error: { name: "Unexpected", message: "States.Runtime: The JSONPath '$.plan' could not be found" },
        },
      },
    ]);
    expect(jobs.size).toBe(0);
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(false);
  });

  it("an execution that could not publish its failure is published with that failure", async () => {
    await cancel("FAILED", { error: "KickOffRejected", cause: JSON.stringify({ errorMessage: "no such group" }) });
    expect(bridge.published).toMatchObject([
      { detail: { error: { name: "KickOffRejected", message: "no such group" } } },
    ]);
  });

  it("an execution that failed in words that the event does not have is published as well", async () => {
    await cancel("FAILED");
    expect(bridge.published).toMatchObject([{ detail: { error: { name: "Unexpected" } } }]);
  });

  it.each(["Export Failed", "Export Completed", "Export Cancelled"] as const)(
    "an end that was published (%s) is not published again, and the run leaves no trace",
    async (type) => {
      await bridge.openRuns.open(patientExport);
      await recordPublished(bridge.audit, {
        type,
        detail: { ...patientExport, eventId: "x", ...ended },
      } as unknown as ExportEvent);
      await bridge.leases.release("patient", "e1");
      await cancel("FAILED", { error: "KickOffRejected" });
      expect(bridge.published).toEqual([]);
      expect(await bridge.records.findStop(patientExport)).toBeUndefined();
      expect(bridge.ledger.items.size).toBe(0);
      expect(bridge.logged).toEqual([]);
    },
  );

  it("an end that was published still releases the lease and deletes the job, if the attempt before did not get there", async () => {
    await bridge.records.saveJob(patientJob);
    await bridge.audit.append(patientExport, "told-cancelled", { eventId: "e1/cancelled" });
    await cancel("ABORTED");
    expect(bridge.published).toEqual([]);
    expect(jobs.size).toBe(0);
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(false);
  });

  it("the end of one run says nothing of the next one", async () => {
    await bridge.audit.append(patientExport, "told-failed", { eventId: "e1/failed", error: "x" });
    await bridge.audit.append({ exportId: "e1", run: "r1" }, "told-started", { eventId: "e1/started" });
    const trigger = { kind: "event", id: "i", source: "s", account: "1" };
    await cancel("ABORTED", { name: "e1-r1", input: { resume: { exportId: "e1", run: "r1" }, trigger } });
    expect(bridge.published).toMatchObject([{ detail: { eventId: "e1/cancelled/r1" } }]);
  });

  it("a stopped execution whose name is no export's id is published as failed, the only event that can name it", async () => {
    await cancel("ABORTED", { name: "_by hand_" });
    expect(bridge.published).toMatchObject([
      { type: "Export Failed", detail: { exportId: "_by hand_", error: { name: "ExportStopped" } } },
    ]);
  });
});

const ended = { status: "complete", error: { name: "KickOffRejected", message: "" } };

interface Ended {
  fault?: Error;
  name?: string;
  input?: unknown;
  error?: string;
  cause?: string;
}
