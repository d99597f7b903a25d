import { describe, expect, it } from "vitest";
import { announceCcds } from "#ccd-retrieval/announce-ccds/announce-ccds.ts";
import { ccdRecord, ccdsInMemory, own, ownContext } from "#test/fixtures/ccds-in-memory.ts";

const input = { request: ownContext };
const index = { bucket: "landing", key: `ccds/${own}/documents.json` };

describe("announce-ccds", () => {
  it("a CCD request ends as ready, and its event says how many documents there are and where", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await bridge.landing.putIndex({ requestId: own, documents: [] });
    await announceCcds(bridge)(input, bridge.stepContext);
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "ready", endedAt: "2026-03-01T12:00:00.000Z" });
    expect(bridge.published).toEqual([
      { type: "Ccd Ready", detail: { version: "1", eventId: `${own}/ready`, requestId: own, documents: 0, index } },
    ]);
  });

  // D13
  it("the event names each document that was refused by its number and reason", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    const refused = [{ number: 2, reason: "malformed-xml" as const }];
    const companions = [{ name: "Jane Roe.pdf", bytes: 7 }];
    await bridge.landing.putIndex({ requestId: own, documents: [], refused, companions });
    await announceCcds(bridge)(input, bridge.stepContext);
    expect(bridge.published).toEqual([
      {
        type: "Ccd Ready",
        detail: { version: "1", eventId: `${own}/ready`, requestId: own, documents: 0, index, refused },
      },
    ]);
  });

  it("a CCD request does not end as ready before its event is published, and the next attempt publishes it", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await bridge.landing.putIndex({ requestId: own, documents: [] });
    bridge.busIsDown.value = true;
    await expect(announceCcds(bridge)(input, bridge.stepContext)).rejects.toThrow("the bus is down");
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending", endedAt: null });
    bridge.busIsDown.value = false;
    await announceCcds(bridge)(input, bridge.stepContext);
    expect(bridge.published).toHaveLength(1);
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "ready" });
  });

  it("a CCD request without documents.json does not end", async () => {
    const bridge = ccdsInMemory(ccdRecord(own));
    await expect(announceCcds(bridge)(input, bridge.stepContext)).rejects.toThrow("documents.json");
    expect(bridge.requests.all.get(own)).toMatchObject({ state: "pending" });
    expect(bridge.published).toEqual([]);
  });
});
