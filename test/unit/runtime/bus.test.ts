import { describe, expect, it } from "vitest";
import type { BridgeEvent } from "#contracts/events.ts";
import { auditedBus } from "#runtime/bus.ts";
import { bridgeInMemory, patientExport } from "#test/fixtures/bridge-in-memory.ts";

const { exportId, requestId, request, predecessor } = patientExport;
const everyDetail = { version: "1" as const, exportId, run: "r1", requestId, request, predecessor };
const place = { bucket: "landing", key: "exports/e1/" };
const failed: BridgeEvent = {
  type: "Export Failed",
  detail: {
    ...everyDetail,
    eventId: "e1/failed/r1",
    error: { name: "NoFileLanded", message: "m" },
    destination: place,
  },
};
const fileLanded: BridgeEvent = {
  type: "Export File Landed",
  detail: {
    ...everyDetail,
    eventId: "e1/landed/0",
    file: {
      ...place,
      kind: "output",
      type: "Patient",
      lines: 1,
      bytes: 1,
      checksum: { algorithm: "CRC32", value: "AAAAAA==" },
    },
  },
};

describe("the audited bus", () => {
  it("records that subscribers were told, once the bus took the event", async () => {
    const bridge = bridgeInMemory();
    await auditedBus(bridge.bus, bridge.audit).publish(failed);
    expect(bridge.published).toEqual([failed]);
    const fact = bridge.s3.objects.get("audit/e1/r1/told-failed.json")?.body.toString() ?? "";
    expect(JSON.parse(fact)).toMatchObject({ eventId: "e1/failed/r1", error: "NoFileLanded" });
  });

  it("records nothing that was not told", async () => {
    const bridge = bridgeInMemory();
    bridge.busIsDown.value = true;
    await expect(auditedBus(bridge.bus, bridge.audit).publish(failed)).rejects.toThrow("the bus is down");
    expect(bridge.audited()).toEqual([]);
  });

  it("records who was told of CCDs below the request's own id", async () => {
    const bridge = bridgeInMemory();
    const ccds = `ccd-${"0".repeat(32)}`;
    const told = { version: "1" as const, eventId: "e", requestId: ccds };
    const error = { name: "WrongPatient" as const, message: "m" };
    await auditedBus(bridge.bus, bridge.audit).publish({ type: "Ccd Failed", detail: { ...told, error } });
    const index = { bucket: "landing", key: "k" };
    await auditedBus(bridge.bus, bridge.audit).publish({ type: "Ccd Ready", detail: { ...told, documents: 1, index } });
    expect(bridge.audited()).toEqual([`audit/ccds/${ccds}/told-failed.json`, `audit/ccds/${ccds}/told-ready.json`]);
  });

  it("records no single file: what landed is recorded when the export ends", async () => {
    const bridge = bridgeInMemory();
    await auditedBus(bridge.bus, bridge.audit).publish(fileLanded);
    expect(bridge.audited()).toEqual([]);
  });
});
