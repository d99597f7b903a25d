import { beforeEach, describe, expect, it } from "vitest";
import { resumptionOf } from "#bulk-export/language/export-runs.ts";
import { resumeExport } from "#bulk-export/resume-export/resume-export.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

describe("resuming an export", () => {
  let bridge: BridgeInMemory;
  let slept: number;
  /** What happens while it waits. */
  let onSleep: () => void;
  beforeEach(async () => {
    slept = 0;
    onSleep = () => undefined;
    bridge = bridgeInMemory();
    await bridge.executions.start("e1", { level: "patient" });
    bridge.executions.end("e1", "succeeded");
  });

  const resume = (id: string, detail: unknown = { exportId: "e1" }) =>
    resumeExport({
      executions: bridge.executions,
      log: bridge.log,
      sleep: (ms) => {
        slept += ms;
        onSleep();
        return Promise.resolve();
      },
    })({ id, source: "my.app", account: "1", detail: detail as never }, bridge.stepContext);
  const inputOf = (name: string) => resumptionOf(bridge.executions.known.get(name)?.input);

  it("starts an execution that names the export and who asked", async () => {
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: false });
    expect(inputOf("e1-r1")).toEqual({
      resume: { exportId: "e1", run: "r1" },
      trigger: { kind: "event", id: "i1", source: "my.app", account: "1" },
    });
  });

  it("once a request: the same event delivered again starts nothing, even after the run has ended", async () => {
    await resume("i1");
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: true });
    bridge.executions.end("e1-r1", "ended");
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: true });
    expect(await resume("i2")).toEqual({ execution: "e1-r2", duplicate: false });
  });

  it("while it is being resumed starts nothing", async () => {
    await resume("i1");
    expect(await resume("i2")).toEqual({ execution: "e1-r1", duplicate: true });
  });

  it("that is still running is refused, in words", async () => {
    await bridge.executions.start("e2", {});
    const { execution } = await resume("i1", { exportId: "e2" });
    expect(inputOf(execution)?.refusal).toBe("exportId: e2 is still running");
    // Well below the function's 30 seconds.
    expect(slept).toBe(6_750);
  });

  it("that has told its end, and is about to end, is waited for", async () => {
    await bridge.executions.start("e2", {});
    onSleep = () => bridge.executions.end("e2", "ended");
    const { execution } = await resume("i1", { exportId: "e2" });
    expect([execution, inputOf(execution)?.refusal, slept]).toEqual(["e2-r1", undefined, 250]);
  });

  it("whose run is about to end gets another run", async () => {
    await resume("i1");
    onSleep = () => bridge.executions.end("e1-r1", "ended");
    expect(await resume("i2")).toEqual({ execution: "e1-r2", duplicate: false });
    expect(slept).toBe(250);
  });

  it("steps over an export that happens to have such a name", async () => {
    await bridge.executions.start("e1-r1", { level: "system" });
    expect(await resume("i1")).toEqual({ execution: "e1-r2", duplicate: false });
    expect(slept).toBe(0);
  });

  it.each([[{}], [{ exportId: 7 }], [{ exportId: "a b" }], [{ exportId: "e1", force: true }], ["e1"], [null]])(
    "asked for by %j becomes an execution that says what is wrong, once an event",
    async (detail) => {
      const { execution } = await resume("i1", detail);
      expect(execution).toBe("event-i1");
      expect(inputOf(execution)?.refusal).toContain("exportId");
      expect((await resume("i1", detail)).duplicate).toBe(true);
    },
  );

  it("ends somewhere", async () => {
    for (let n = 1; n <= 99; n += 1) {
      await resume(`i${n}`);
      bridge.executions.end(`e1-r${n}`, "ended");
    }
    await expect(resume("i100")).rejects.toThrow("99 times");
  });
});
