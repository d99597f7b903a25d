import { beforeEach, describe, expect, it } from "vitest";
import { resumptionOf } from "#bulk-export/language/export-runs.ts";
import { resumeExport } from "#bulk-export/resume-export/resume-export.ts";
import { startResumption } from "#bulk-export/runs/start-resumption.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

describe("the resume-export step", () => {
  let bridge: BridgeInMemory;
  let slept: number;
  /** Called while the step waits. */
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
      resume: startResumption({
        executions: bridge.executions,
        log: bridge.log,
        sleep: (ms) => {
          slept += ms;
          onSleep();
          return Promise.resolve();
        },
      }),
    })({ id, source: "my.app", account: "1", detail: detail as never }, bridge.stepContext);
  const inputOf = (name: string) => resumptionOf(bridge.executions.known.get(name)?.input);

  it("a request to resume starts an execution whose input names the export and the event", async () => {
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: false });
    expect(inputOf("e1-r1")).toEqual({
      resume: { exportId: "e1", run: "r1" },
      trigger: { kind: "event", id: "i1", source: "my.app", account: "1" },
    });
  });

  it("an event that is delivered again starts nothing, even after its run has ended", async () => {
    await resume("i1");
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: true });
    bridge.executions.end("e1-r1", "ended");
    expect(await resume("i1")).toEqual({ execution: "e1-r1", duplicate: true });
    expect(await resume("i2")).toEqual({ execution: "e1-r2", duplicate: false });
  });

  it("a request to resume an export that is being resumed starts nothing", async () => {
    await resume("i1");
    expect(await resume("i2")).toEqual({ execution: "e1-r1", duplicate: true });
  });

  it("a request to resume an export that still runs is refused with a reason", async () => {
    await bridge.executions.start("e2", {});
    const { execution } = await resume("i1", { exportId: "e2" });
    expect(inputOf(execution)?.refusal).toBe("exportId: e2 is still running");
    // The pauses stay well below the function's timeout of 30 seconds.
    expect(slept).toBe(6_750);
  });

  it("a request to resume waits for an export that is about to end", async () => {
    await bridge.executions.start("e2", {});
    onSleep = () => bridge.executions.end("e2", "ended");
    const { execution } = await resume("i1", { exportId: "e2" });
    expect([execution, inputOf(execution)?.refusal, slept]).toEqual(["e2-r1", undefined, 250]);
  });

  it("a request to resume an export whose run is about to end starts another run", async () => {
    await resume("i1");
    onSleep = () => bridge.executions.end("e1-r1", "ended");
    expect(await resume("i2")).toEqual({ execution: "e1-r2", duplicate: false });
    expect(slept).toBe(250);
  });

  it("a request to resume skips the name of a run that another export already has", async () => {
    await bridge.executions.start("e1-r1", { level: "system" });
    expect(await resume("i1")).toEqual({ execution: "e1-r2", duplicate: false });
    expect(slept).toBe(0);
  });

  it.each([[{}], [{ exportId: 7 }], [{ exportId: "a b" }], [{ exportId: "e1", force: true }], ["e1"], [null]])(
    "a request to resume with the detail %j starts one execution that reports what is wrong",
    async (detail) => {
      const { execution } = await resume("i1", detail);
      expect(execution).toBe("event-i1");
      expect(inputOf(execution)?.refusal).toContain("exportId");
      expect((await resume("i1", detail)).duplicate).toBe(true);
    },
  );

  it("an export can be resumed 99 times, and no more", async () => {
    for (let n = 1; n <= 99; n += 1) {
      await resume(`i${n}`);
      bridge.executions.end(`e1-r${n}`, "ended");
    }
    await expect(resume("i100")).rejects.toThrow("99 times");
  });
});
