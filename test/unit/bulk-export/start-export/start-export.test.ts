import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportId as exportIdSchema } from "#bulk-export/language/export-id.ts";
import { triggeredInput } from "#bulk-export/language/export-request.ts";
import { type ExportTrigger, exportTrigger } from "#bulk-export/language/triggers.ts";
import { startExport } from "#bulk-export/start-export/start-export.ts";
import { bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

/** The step and the executions that it starts. */
function executions() {
  const { executions: stepFunctions, log, stepContext } = bridgeInMemory();
  const step = startExport({ executions: stepFunctions, log });
  return {
    running: stepFunctions.known,
    inputOf: (name: string) => triggeredInput.parse(stepFunctions.known.get(name)?.input),
    start: (trigger: ExportTrigger) => step(trigger, stepContext),
  };
}

const event = (id: string, detail: ExportTrigger["detail"]): ExportTrigger =>
  exportTrigger.parse({ id, detail, source: "my.app", account: "123456789012" });
const scheduled = (name: string, time: string, detail: ExportTrigger["detail"]): ExportTrigger => ({
  schedule: { name, time },
  detail,
});

describe("the start-export step", () => {
  it("an export of an event without requestId is named after the event", async () => {
    const { inputOf, start } = executions();
    const detail = { level: "patient" };
    expect(await start(event("17793124-05d4-b198-2fde-7ededc63b103", detail))).toEqual({
      exportId: "event-17793124-05d4-b198-2fde-7ededc63b103",
      duplicate: false,
    });
    expect(inputOf("event-17793124-05d4-b198-2fde-7ededc63b103")).toEqual({
      detail,
      trigger: {
        kind: "event",
        id: "17793124-05d4-b198-2fde-7ededc63b103",
        source: "my.app",
        account: "123456789012",
      },
    });
  });

  it("an event that is delivered again starts no second export", async () => {
    const { running, start } = executions();
    const first = await start(event("id-1", { level: "patient" }));
    expect(await start(event("id-1", { level: "patient" }))).toEqual({ ...first, duplicate: true });
    expect(running.size).toBe(1);
  });

  it("the same requestId starts no second export, from any event and with its fields in any order", async () => {
    const { running, start } = executions();
    const first = await start(event("id-1", { level: "patient", types: ["Patient"], requestId: "r/1" }));
    const second = await start(event("id-2", { requestId: "r/1", types: ["Patient"], level: "patient" }));
    expect(second).toEqual({ exportId: first.exportId, duplicate: true });
    expect(running.size).toBe(1);
  });

  it("the same requestId with another detail starts an execution of its own whose input names the conflict", async () => {
    const { running, inputOf, start } = executions();
    const first = await start(event("id-1", { level: "patient", requestId: "r" }));
    const second = await start(event("id-2", { level: "system", requestId: "r" }));
    expect(second).toEqual({ exportId: "event-id-2", duplicate: false });
    expect(inputOf("event-id-2").conflictsWith).toBe(first.exportId);
    expect(await start(event("id-2", { level: "system", requestId: "r" }))).toEqual({
      exportId: "event-id-2",
      duplicate: true,
    });
    expect(running.size).toBe(2);
  });

  it("requestIds that differ only in case or punctuation start different exports", async () => {
    const { start } = executions();
    const ids = ["r-1", "R-1", "r_1", "r.1", "r:1", "r/1"];
    const names = await Promise.all(
      ids.map(async (requestId) => (await start(event("i", { level: "patient", requestId }))).exportId),
    );
    expect(new Set(names).size).toBe(ids.length);
  });

  it("an export of a schedule is named after the schedule and its time", async () => {
    const { start } = executions();
    const nightly = (time: string) => start(scheduled("nightly", time, { level: "system" }));
    expect(await nightly("2026-03-01T02:00:00Z")).toEqual({
      exportId: "schedule-nightly-20260301T020000Z",
      duplicate: false,
    });
    expect((await nightly("2026-03-01T02:00:00Z")).duplicate).toBe(true);
    expect((await nightly("2026-03-02T02:00:00Z")).duplicate).toBe(false);
  });

  it("the input of a schedule's export says how often the export is to be a full one", async () => {
    const { inputOf, start } = executions();
    const schedule = { name: "nightly", time: "2026-03-01T02:00:00Z", fullEvery: 7 };
    await start({ schedule, detail: { level: "system" } });
    expect(inputOf("schedule-nightly-20260301T020000Z").trigger).toMatchObject({ kind: "schedule", fullEvery: 7 });
  });

  it("an export with an invalid requestId is named after the event, so that validation can report the fault", async () => {
    const { inputOf, start } = executions();
    expect((await start(event("id-1", { level: "patient", requestId: "with spaces" }))).exportId).toBe("event-id-1");
    expect(inputOf("event-id-1").detail).toEqual({ level: "patient", requestId: "·".repeat(11) });
  });

  it("any trigger gets a name that can be an export's id", async () => {
    const { start } = executions();
    const text = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 60, maxLength: 200 }),
      fc.uuid(),
      fc.constantFrom("nightly", "a_b"),
    );
    const time = fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.string({ minLength: 1 }),
    );
    const detail = fc.oneof(fc.jsonValue(), fc.record({ requestId: text }));
    const trigger = fc.oneof(
      fc.record({ id: text, source: text, account: text, detail }),
      fc.record({ schedule: fc.record({ name: text, time }), detail }),
    );
    await fc.assert(
      fc.asyncProperty(trigger, async (input) => {
        const { exportId } = await start(exportTrigger.parse(input));
        expect(exportIdSchema.safeParse(exportId).success).toBe(true);
      }),
    );
  });

  it("different events never start the same export", async () => {
    const ids = fc.uniqueArray(fc.oneof(fc.string({ minLength: 1 }), fc.uuid()), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(ids, async (eventIds) => {
        const { running, start } = executions();
        for (const id of eventIds) await start(event(id, { level: "patient" }));
        expect(running.size).toBe(eventIds.length);
      }),
    );
  });
});
