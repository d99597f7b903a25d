import { beforeEach, describe, expect, it } from "vitest";
import { stopRuns } from "#bulk-export/runs/stop-runs.ts";
import { stopExport } from "#bulk-export/stop-export/stop-export.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

const trigger = { kind: "event", id: "i", source: "s", account: "1" };
const resuming = (exportId: string, run: string) => ({ resume: { exportId, run }, trigger });

describe("the stop-export step", () => {
  let bridge: BridgeInMemory;
  beforeEach(() => {
    bridge = bridgeInMemory();
  });

  const cancel = (detail: unknown) =>
    stopExport({ stop: stopRuns(bridge), log: bridge.log })(
      { id: "i", source: "my.app", account: "1", detail: detail as never },
      bridge.stepContext,
    );

  it("a request to cancel stops the export's execution", async () => {
    await bridge.executions.start("e1", {});
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1"] });
    expect(bridge.executions.known.get("e1")?.status).toBe("ended");
  });

  it("a run is marked as stopped before its execution is stopped, so that no Lambda lands a file even if the event is lost", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.stop = async () => {
      expect(await bridge.records.findStop({ exportId: "e1", run: "first" })).toMatchObject({ reason: "cancelled" });
      throw new Error("Step Functions is down");
    };
    await expect(cancel({ exportId: "e1" })).rejects.toThrow("Step Functions is down");
    expect.assertions(2);
  });

  it("a request to cancel an export that has ended marks no run as stopped", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.end("e1", "succeeded");
    await cancel({ exportId: "e1" });
    expect(bridge.s3.objects.size).toBe(0);
  });

  it("a request to cancel stops the execution that resumes the export, and no other export of such a name", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.end("e1", "ended");
    await bridge.executions.start("e1-r1", { level: "system" });
    await bridge.executions.start("e1-r2", resuming("e1", "r2"));
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1-r2"] });
    expect(bridge.executions.known.get("e1-r1")?.status).toBe("running");
  });

  it("a request to cancel stops nothing if the export has ended or does not exist", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.end("e1", "succeeded");
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: [] });
    expect(await cancel({ exportId: "e9" })).toEqual({ stopped: [] });
    expect(bridge.executions.known.get("e1")?.status).toBe("succeeded");
  });

  it("a request to cancel finds a resumption even if Step Functions no longer has the first execution", async () => {
    await bridge.executions.start("e1-r1", resuming("e1", "r1"));
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1-r1"] });
  });

  it.each([[{}], [{ exportId: 1 }], ["Jane"], [{ exportId: "Jane Doe" }], [{ exportId: "e1", patient: "Jane" }]])(
    "an invalid request to cancel (%j) stops nothing, and the log does not repeat it",
    async (detail) => {
      await bridge.executions.start("e1", {});
      expect(await cancel(detail)).toEqual({ stopped: [] });
      expect(bridge.logged.join()).toContain("EXPORT_CANCEL_REQUEST_IGNORED");
      expect(JSON.stringify(bridge.logged)).not.toContain("Jane");
    },
  );
});
