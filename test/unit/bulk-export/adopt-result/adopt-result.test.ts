import { describe, expect, it } from "vitest";
import { adoptResult } from "#bulk-export/adopt-result/adopt-result.ts";
import { bridgeInMemory, landedFile, patientExport } from "../../../fixtures/bridge-in-memory.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const adopting = { ...patientExport, exportId: "e2", requestId: "r2" };
const lease = { outcome: "adopt" as const, waitSeconds: 1, nextAt: 1, attempts: 3, following: "e1" };

function bridgeWithStep() {
  const bridge = bridgeInMemory();
  const { records, audit, reports, log, now } = bridge;
  const step = adoptResult({ records, audit, reports, log, now });
  return { bridge, adopt: () => step({ export: adopting, lease }, bridge.stepContext) };
}

describe("the adopt-result step", () => {
  it("an export that adopts a result writes a summary of its own, which names the other export's objects", async () => {
    const { bridge, adopt } = bridgeWithStep();
    const followed = { ...emptySummary("e1", "partial"), files: [landedFile(0)] };
    await bridge.records.saveSummary(followed);
    expect(await adopt()).toEqual({ status: "partial", deleteJob: false });
    expect(await bridge.records.getSummary("e2")).toEqual({
      ...followed,
      exportId: "e2",
      requestId: "r2",
      adoptedFrom: "e1",
      timings: { ...followed.timings, startedAt: adopting.startedAt },
      phases: { waiting: 60, atServer: 0, downloading: 0 },
      cost: { stateTransitions: 15, functionCalls: 6, polls: 0, items: 0, files: 0, bytes: 0 },
    });
    expect(await bridge.records.getSummary("e1")).toEqual(followed);
    expect(bridge.audited()).toEqual(["exports/e2/first/landed.json"]);
  });

  it("an export does not adopt the result of an export that failed", async () => {
    const { bridge, adopt } = bridgeWithStep();
    await bridge.records.saveSummary(emptySummary("e1", "failed"));
    await expect(adopt()).rejects.toThrow("export e1 has failed");
    expect(await bridge.records.hasSummary("e2")).toBe(false);
  });

  it("an export does not adopt the result of an export without a summary", async () => {
    const { bridge, adopt } = bridgeWithStep();
    await expect(adopt()).rejects.toThrow("summary.json is missing");
    expect(await bridge.records.hasSummary("e2")).toBe(false);
  });
});
