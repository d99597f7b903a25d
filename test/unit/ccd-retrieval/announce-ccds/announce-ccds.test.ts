import { describe, expect, it } from "vitest";
import { announceCcds } from "#ccd-retrieval/announce-ccds/announce-ccds.ts";
import { ccdRecord, ccdsInMemory, own, ownContext } from "../../../fixtures/ccds-in-memory.ts";

const input = { request: ownContext };
const index = { bucket: "landing", key: `ccds/${own}/documents.json` };

describe("announcing CCDs", () => {
  it("ends the request, and tells how many documents there are and where", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await bridge.landing.putIndex({ requestId: own, documents: [] });
    await announceCcds(bridge)(input, bridge.stepContext);
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "ready", endedAt: "2026-03-01T12:00:00.000Z" });
    expect(bridge.published).toEqual([
      { type: "Ccd Ready", detail: { version: "1", eventId: `${own}/ready`, requestId: own, documents: 0, index } },
    ]);
  });

  it("tells it again where the bus failed after the request had ended", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await bridge.landing.putIndex({ requestId: own, documents: [] });
    bridge.busIsDown.value = true;
    await expect(announceCcds(bridge)(input, bridge.stepContext)).rejects.toThrow("the bus is down");
    bridge.busIsDown.value = false;
    await announceCcds(bridge)(input, bridge.stepContext);
    expect(bridge.published).toHaveLength(1);
  });

  it("ends nothing whose index is not there", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await expect(announceCcds(bridge)(input, bridge.stepContext)).rejects.toThrow("index");
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending" });
    expect(bridge.published).toEqual([]);
  });
});
