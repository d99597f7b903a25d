import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import { recordPublished } from "#bulk-export/records/export-audit.ts";
import { recordedStarts } from "#bulk-export/records/recorded-starts.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { startTimeMs, sweepExports } from "#bulk-export/sweep-exports/sweep-exports.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import type { ExecutionEnd } from "#platform/executions/executions.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import {
  type BridgeInMemory,
  bridgeInMemory,
  noon,
  patientHolder,
  patientJob,
  patientRecord,
  statusUrl,
} from "../../../fixtures/bridge-in-memory.ts";

const first = (exportId: string): ExportRun => ({ exportId, run: "first" });
const minute = 60_000;
const mostRuns = 5;

interface Swept extends BridgeInMemory {
  deleted: string[];
  counted: number;
  /** How many runs the last sweep reported as open. */
  open: number | undefined;
  /** Records and starts the execution of a run. */
  start: (exportId: string) => Promise<void>;
  end: (exportId: string, status: ExecutionEnd["status"] | "SUCCEEDED", words?: Partial<ExecutionEnd>) => void;
  sweep: (afterMs?: number) => Promise<{ checked: number; published: number }>;
}

function given(): Swept {
  const bridge = bridgeInMemory();
  const bus = reportingBus(bridge.bus, (event) => recordPublished(bridge.audit, event as ExportEvent));
  const swept: Swept = {
    ...bridge,
    deleted: [],
    counted: 0,
    open: undefined,
    start: async (exportId) => {
      await recordedStarts(bridge.executions, bridge.openRuns).start(exportId, {});
    },
    end: (exportId, status, words) => {
      const known = bridge.executions.known.get(exportId);
      if (known === undefined) throw new Error(`there is no execution ${exportId}`);
      bridge.executions.known.set(exportId, {
        ...known,
        endedAt: bridge.clock.now,
        ...(status === "SUCCEEDED" ? { status: "succeeded" } : { status: "ended", end: { status, ...words } }),
      });
    },
    sweep: async (afterMs = 15 * minute) => {
      bridge.clock.now += afterMs;
      const step = sweepExports({
        ...bridge,
        settle: settleRun({
          ...bridge,
          bus,
          deleteJob: (url) => {
            swept.deleted.push(url.href);
            return Promise.resolve();
          },
        }),
        mostRuns,
        countEnd: () => {
          swept.counted += 1;
        },
        reportOpen: (runs) => {
          swept.open = runs;
        },
      });
      return await step({ time: new Date(bridge.clock.now).toISOString() }, bridge.stepContext);
    },
  };
  return swept;
}

describe("a sweep of exports", () => {
  let bridge: Swept;
  beforeEach(() => {
    bridge = given();
  });
  const openRuns = () => [...bridge.ledger.items.keys()].filter((pk) => pk.startsWith("open-run#"));

  it("a stopped execution whose event was lost is published, its job deleted and its lease released, once", async () => {
    await bridge.start("e1");
    await bridge.records.saveExport(patientRecord);
    await bridge.records.saveJob(patientJob);
    await bridge.leases.take("patient", patientHolder, "n1");
    bridge.end("e1", "ABORTED");
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 1 });
    expect(bridge.published).toMatchObject([
      { type: "Export Cancelled", detail: { exportId: "e1", jobDeleted: true } },
    ]);
    expect(bridge.deleted).toEqual([statusUrl]);
    expect(bridge.ledger.items.size).toBe(0);
    expect(bridge.logged.join()).toContain("EXPORT_END_SWEPT");
    expect(await bridge.sweep()).toEqual({ checked: 0, published: 0 });
    expect(bridge.published).toHaveLength(1);
    expect(bridge.counted).toBe(1);
  });

  it("a sweep reports the runs that are open after it, due or not", async () => {
    await bridge.start("e1");
    await bridge.start("e2");
    await bridge.sweep(0);
    expect(bridge.open).toBe(2);
    bridge.end("e1", "FAILED");
    await bridge.sweep();
    expect(bridge.open).toBe(1);
  });

  it("a failed execution is published with its own words, and one that timed out as such", async () => {
    await bridge.start("e1");
    await bridge.start("e2");
    bridge.end("e1", "FAILED", { error: "States.DataLimitExceeded", cause: "too large" });
    bridge.end("e2", "TIMED_OUT");
    await bridge.sweep();
    expect(bridge.published).toMatchObject([
      { detail: { exportId: "e1", error: { name: "Unexpected", message: "States.DataLimitExceeded: too large" } } },
      { detail: { exportId: "e2", error: { name: "DeadlineExceeded" } } },
    ]);
  });

  it("an execution that runs is left alone, however long it takes", async () => {
    await bridge.start("e1");
    await bridge.leases.take("patient", patientHolder, "n1");
    for (const hours of [1, 20, 300]) expect(await bridge.sweep(hours * 60 * minute)).toMatchObject({ published: 0 });
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(true);
    expect(openRuns()).toHaveLength(1);
  });

  it("an execution that has just ended is left to its rule first", async () => {
    await bridge.start("e1");
    bridge.clock.now += 60 * minute;
    bridge.end("e1", "ABORTED");
    expect(await bridge.sweep(settlingTimeMs - 1)).toEqual({ checked: 1, published: 0 });
    expect(await bridge.sweep(settlingTimeMs)).toEqual({ checked: 1, published: 1 });
  });

  it("an export that was recorded and never started fails, but not while its trigger may still be repeated", async () => {
    bridge.executions.start = () => Promise.reject(new Error("Step Functions is down"));
    await expect(bridge.start("e1")).rejects.toThrow("is down");
    expect(await bridge.sweep(startTimeMs - 1)).toEqual({ checked: 1, published: 0 });
    expect(await bridge.sweep(settlingTimeMs)).toEqual({ checked: 1, published: 1 });
    expect(bridge.published).toMatchObject([{ type: "Export Failed", detail: { exportId: "e1", request: null } }]);
    expect(await bridge.records.findStop(first("e1"))).toBeUndefined();
  });

  it("an end that was published closes its run, and counts as no finding", async () => {
    await bridge.start("e1");
    await bridge.audit.append(first("e1"), "told-failed", { eventId: "e1/failed", error: "x" });
    bridge.end("e1", "FAILED");
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 0 });
    expect(openRuns()).toEqual([]);
    expect(bridge.published).toEqual([]);
  });

  it("a run that succeeded without an end of its own, because a new export replaces it, is closed without a word", async () => {
    await bridge.start("e1");
    bridge.end("e1", "SUCCEEDED");
    await bridge.sweep();
    expect(openRuns()).toEqual([]);
    expect(bridge.published).toEqual([]);
  });

  it("a lease whose holder is gone is released, even if its run is closed", async () => {
    await bridge.records.saveExport(patientRecord);
    await bridge.leases.take("patient", patientHolder, "n1");
    await bridge.audit.append(first("e1"), "told-completed", { eventId: "e1/completed", status: "complete" });
    await bridge.executions.start("e1", {});
    bridge.end("e1", "SUCCEEDED");
    await bridge.sweep();
    expect(bridge.ledger.items.size).toBe(0);
    expect(bridge.published).toEqual([]);
  });

  it("a lease of an execution that Step Functions does not know yet is left alone", async () => {
    await bridge.records.saveExport(patientRecord);
    await bridge.leases.take("patient", patientHolder, "n1");
    await bridge.sweep(settlingTimeMs - 1);
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(true);
    await bridge.sweep(1);
    expect(await bridge.leases.isHeldBy("patient", "e1")).toBe(false);
  });

  it("a run that cannot be settled keeps no sweep from the others, fails the sweep, and is tried again", async () => {
    for (const id of ["e1", "e2"]) {
      await bridge.start(id);
      bridge.end(id, "ABORTED");
    }
    const findExport = bridge.records.findExport.bind(bridge.records);
    bridge.records.findExport = (id) => (id === "e1" ? Promise.reject(new Error("S3 is down")) : findExport(id));
    await expect(bridge.sweep()).rejects.toThrow("1 exports could not be settled");
    expect(bridge.published).toMatchObject([{ detail: { exportId: "e2" } }]);
    expect(bridge.logged.join()).toContain("EXPORT_NOT_SETTLED");
    bridge.records.findExport = findExport;
    expect(await bridge.sweep()).toEqual({ checked: 1, published: 1 });
  });

  it("a sweep is bounded, and those that it did not reach come first in the next one", async () => {
    const names = Array.from({ length: mostRuns + 1 }, (_, index) => `e${index}`);
    for (const name of names) {
      await bridge.start(name);
      bridge.clock.now += 1;
    }
    expect(await bridge.sweep()).toEqual({ checked: mostRuns, published: 0 });
    const last = names.at(-1) ?? "";
    bridge.end(last, "ABORTED");
    expect(await bridge.sweep()).toEqual({ checked: mostRuns, published: 1 });
    expect(bridge.published).toMatchObject([{ detail: { exportId: last } }]);
  });

  it("a sweep whose time is up looks at nothing more", async () => {
    await bridge.start("e1");
    bridge.end("e1", "ABORTED");
    bridge.stepContext.signal = AbortSignal.abort();
    expect(await bridge.sweep()).toEqual({ checked: 0, published: 0 });
  });
});

/** What may have happened to an export before the sweeper comes. */
const fate = fc.record({
  /** How its execution ended; undefined: it still runs; MISSING: it was never started. */
  end: fc.constantFrom("FAILED", "TIMED_OUT", "ABORTED", "MISSING", undefined),
  published: fc.boolean(),
  closed: fc.boolean(),
  job: fc.constantFrom("none", "running", "complete", "foreign"),
});

describe("whatever happened before", () => {
  it("after the sweeps each export that is over has one published end, no lease and no open run; others are untouched", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 4 }), fc.nat(3), async (fates, holder) => {
        const bridge = given();
        const ids = fates.map((_, index) => `e${index}`);
        for (const [index, { end, published, closed, job }] of fates.entries()) {
          const exportId = `e${index}`;
          await bridge.openRuns.open(first(exportId));
          await bridge.records.saveExport({ ...patientRecord, exportId });
          if (job !== "none")
            await bridge.records.saveJob({
              ...patientJob,
              exportId,
              statusUrl: `${statusUrl}/${exportId}`,
              foreign: job === "foreign",
              ...(job === "complete" && { manifestUrl: statusUrl }),
            });
          if (end !== "MISSING") await bridge.executions.start(exportId, {});
          if (end !== undefined && end !== "MISSING") bridge.end(exportId, end);
          // The end is closed only after it was published.
          if (end === undefined || !published) continue;
          await bridge.audit.append(first(exportId), "told-failed", { eventId: `${exportId}/failed`, error: "x" });
          if (closed) await bridge.openRuns.close(first(exportId));
        }
        const held = fates[holder];
        const name = executionName(first(`e${holder}`));
        if (held !== undefined)
          await bridge.leases.take("patient", { execution: name, exportId: `e${holder}`, kickOff: "" }, "n");
        await Promise.all([bridge.sweep(8 * 60 * minute), bridge.sweep(0)].map((one) => one.catch(() => undefined)));
        await bridge.sweep();
        await bridge.sweep();
        for (const [index, { end, published }] of fates.entries()) {
          const told = bridge.published.filter(({ detail }) => (detail as ExportRun).exportId === ids[index]);
          const eventIds = new Set(told.map(({ detail }) => detail.eventId));
          expect(eventIds.size).toBe(end === undefined || published ? 0 : 1);
          const open = bridge.ledger.items.has(`open-run#e${index}#first`);
          expect(open).toBe(end === undefined);
        }
        if (held === undefined) return;
        expect(await bridge.leases.isHeldBy("patient", name)).toBe(held.end === undefined);
        const deletes = held.job === "running" || (held.job === "complete" && held.end === "ABORTED");
        expect(new Set(bridge.deleted)).toEqual(
          new Set(deletes && held.end !== undefined ? [`${statusUrl}/e${holder}`] : []),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("a start is recorded before it happens, and a repeated trigger reopens no run that has ended", async () => {
    const bridge = given();
    await bridge.start("e1");
    expect([...bridge.ledger.items.keys()]).toEqual(["open-run#e1#first"]);
    await bridge.start("e1");
    expect(bridge.ledger.items.size).toBe(1);
    await bridge.openRuns.close(first("e1"));
    await bridge.start("e1");
    expect(bridge.ledger.items.size).toBe(0);
  });

  it("the index finds a run only when it is due", async () => {
    const bridge = given();
    await bridge.start("e1");
    const due = async (at: number) => {
      const found: string[] = [];
      for await (const { exportId } of bridge.openRuns.due(at)) found.push(exportId);
      return found;
    };
    expect(await due(noon + settlingTimeMs - 1)).toEqual([]);
    expect(await due(noon + settlingTimeMs)).toEqual(["e1"]);
    await bridge.openRuns.postpone(first("e1"), noon + 60 * minute);
    expect(await due(noon + settlingTimeMs)).toEqual([]);
    await bridge.openRuns.close(first("e1"));
    await bridge.openRuns.postpone(first("e1"), noon);
    expect(bridge.ledger.items.size).toBe(0);
  });
});
