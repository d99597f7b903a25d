import { beforeEach, describe, expect, it } from "vitest";
import { stopExport } from "#bulk-export/stop-export/stop-export.ts";
import { type BridgeInMemory, bridgeInMemory } from "../../../fixtures/bridge-in-memory.ts";

const trigger = { kind: "event", id: "i", source: "s", account: "1" };
const resuming = (exportId: string, run: string) => ({ resume: { exportId, run }, trigger });

describe("a request to cancel an export", () => {
  let bridge: BridgeInMemory;
  beforeEach(() => {
    bridge = bridgeInMemory();
  });

  const cancel = (detail: unknown) =>
    stopExport({ executions: bridge.executions, log: bridge.log })(
      { id: "i", source: "my.app", account: "1", detail: detail as never },
      bridge.stepContext,
    );

  it("stops its execution", async () => {
    await bridge.executions.start("e1", {});
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1"] });
    expect(bridge.executions.known.get("e1")?.status).toBe("ended");
  });

  it("stops the execution that resumes it, and no export that has such a name", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.end("e1", "ended");
    await bridge.executions.start("e1-r1", { level: "system" });
    await bridge.executions.start("e1-r2", resuming("e1", "r2"));
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1-r2"] });
    expect(bridge.executions.known.get("e1-r1")?.status).toBe("running");
  });

  it("finds nothing to stop where the export has ended, or never was", async () => {
    await bridge.executions.start("e1", {});
    bridge.executions.end("e1", "succeeded");
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: [] });
    expect(await cancel({ exportId: "e9" })).toEqual({ stopped: [] });
    expect(bridge.executions.known.get("e1")?.status).toBe("succeeded");
  });

  it("finds a resumption even where the export's own execution is forgotten", async () => {
    await bridge.executions.start("e1-r1", resuming("e1", "r1"));
    expect(await cancel({ exportId: "e1" })).toEqual({ stopped: ["e1-r1"] });
  });

  it.each([[{}], [{ exportId: 1 }], ["Jane"], [{ exportId: "Jane Doe" }], [{ exportId: "e1", patient: "Jane" }]])(
    "that is no request (%j) stops nothing, and the log says so without repeating it",
    async (detail) => {
      await bridge.executions.start("e1", {});
      expect(await cancel(detail)).toEqual({ stopped: [] });
      expect(bridge.logged.join()).toContain("names no export");
      expect(JSON.stringify(bridge.logged)).not.toContain("Jane");
    },
  );
});
