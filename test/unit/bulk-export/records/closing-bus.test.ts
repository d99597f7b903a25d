import { expect, it } from "vitest";
import type { ExportEvent, ExportEventBus } from "#bulk-export/language/export-events.ts";
import { closingBus, recordPublished } from "#bulk-export/records/export-audit.ts";
import { settleRun } from "#bulk-export/settlement/settle-run.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import { bridgeInMemory, patientExport } from "../../../fixtures/bridge-in-memory.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const failed = (): ExportEvent => ({
  type: "Export Failed",
  detail: {
    version: "1",
    eventId: "e1/failed",
    exportId: "e1",
    run: "first",
    requestId: null,
    request: null,
    predecessor: null,
    error: { name: "AccessRefused", message: "HTTP 401" },
    destination: { bucket: "landing", key: "exports/e1/" },
  },
});

async function begun() {
  const bridge = bridgeInMemory();
  await bridge.openRuns.open(patientExport);
  const origin = { trigger: { kind: "direct", by: null }, request: null } as const;
  const { startedAt } = patientExport;
  await bridge.progress.beginRun(patientExport, { ...origin, requestedAt: startedAt, startedAt });
  const bus = reportingBus(bridge.bus, (event) =>
    recordPublished(bridge.audit, event as ExportEvent),
  ) as ExportEventBus;
  const settle = settleRun({ ...bridge, bus, deleteJob: () => Promise.reject(new Error("there is no job")) });
  const isOpen = () => bridge.ledger.items.has("open-run#e1#first");
  return { bridge, bus, settle, isOpen };
}

it("the end of a run is stored once its event was published, and the run is closed", async () => {
  const { bridge, bus, isOpen } = await begun();
  await closingBus(bus, { ...bridge, runs: bridge.openRuns }).publish(failed());
  expect(await bridge.progress.find("e1")).toMatchObject({ state: "failed", error: { name: "AccessRefused" } });
  expect(isOpen()).toBe(false);
});

it("an end that could not be stored leaves the run open, and its settlement stores the end", async () => {
  const { bridge, bus, settle, isOpen } = await begun();
  const progress = { end: () => Promise.reject(new Error("throttled")) };
  await closingBus(bus, { ...bridge, runs: bridge.openRuns, progress }).publish(failed());
  expect([isOpen(), bridge.logged.join().includes("EXPORT_RUN_NOT_CLOSED")]).toEqual([true, true]);
  const end = { status: "FAILED", error: "AccessRefused", cause: "HTTP 401" } as const;
  expect(await settle(patientExport, end, bridge.stepContext.signal)).toMatchObject({ published: false });
  expect(await bridge.progress.find("e1")).toMatchObject({
    state: "failed",
    error: { name: "AccessRefused", message: "HTTP 401" },
  });
  expect([isOpen(), bridge.published.length]).toEqual([false, 1]);
});

it("the settlement of a run that succeeded takes its end from the result", async () => {
  const { bridge, settle, isOpen } = await begun();
  await bridge.reports.storeResult(emptySummary("e1", "partial"), {});
  await settle(patientExport, { status: "SUCCEEDED" }, bridge.stepContext.signal);
  expect([(await bridge.progress.find("e1"))?.state, isOpen()]).toEqual(["partial", false]);
});
