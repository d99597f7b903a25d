import { describe, expect, it } from "vitest";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import { recordPublished as recordExportEvent } from "#bulk-export/records/export-audit.ts";
import type { CcdEvent } from "#ccd-retrieval/language/ccd-events.ts";
import { recordPublished as recordCcdEvent } from "#ccd-retrieval/records/ccd-audit.ts";
import { reportingBus } from "#platform/bus/event-bus.ts";
import { type BridgeInMemory, bridgeInMemory, patientExport } from "../../../fixtures/bridge-in-memory.ts";

const { exportId, requestId, request, predecessor } = patientExport;
const everyDetail = { version: "1" as const, exportId, run: "r1", requestId, request, predecessor };
const place = { bucket: "landing", key: "exports/e1/" };
const failed: ExportEvent = {
  type: "Export Failed",
  detail: {
    ...everyDetail,
    eventId: "e1/failed/r1",
    error: { name: "NoFileLanded", message: "m" },
    destination: place,
  },
};
const fileLanded: ExportEvent = {
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

const exportBus = ({ bus, audit }: BridgeInMemory) =>
  reportingBus<ExportEvent>(bus, (event) => recordExportEvent(audit, event));
const ccdBus = ({ bus, ccdAudit }: BridgeInMemory) =>
  reportingBus<CcdEvent>(bus, (event) => recordCcdEvent(ccdAudit, event));

describe("the audited bus", () => {
  it("an event is recorded in the audit trail after EventBridge accepted it", async () => {
    const bridge = bridgeInMemory();
    await exportBus(bridge).publish(failed);
    expect(bridge.published).toEqual([failed]);
    const fact = bridge.auditS3.objects.get("exports/e1/r1/told-failed.json")?.body.toString() ?? "";
    expect(JSON.parse(fact)).toMatchObject({ eventId: "e1/failed/r1", error: "NoFileLanded" });
  });

  it("an event that EventBridge did not accept is not recorded", async () => {
    const bridge = bridgeInMemory();
    bridge.busIsDown.value = true;
    await expect(exportBus(bridge).publish(failed)).rejects.toThrow("the bus is down");
    expect(bridge.audited()).toEqual([]);
  });

  it("the events of a CCD request are recorded below the id of the request", async () => {
    const bridge = bridgeInMemory();
    const ccds = `ccd-${"0".repeat(32)}`;
    const told = { version: "1" as const, eventId: "e", requestId: ccds };
    const error = { name: "WrongPatient" as const, message: "m" };
    await ccdBus(bridge).publish({ type: "Ccd Failed", detail: { ...told, error } });
    const index = { bucket: "landing", key: "k" };
    await ccdBus(bridge).publish({ type: "Ccd Ready", detail: { ...told, documents: 1, index } });
    expect(bridge.audited()).toEqual([`ccds/${ccds}/told-failed.json`, `ccds/${ccds}/told-ready.json`]);
  });

  it("the event of a single file is not recorded, because the end of the export records what landed", async () => {
    const bridge = bridgeInMemory();
    await exportBus(bridge).publish(fileLanded);
    expect(bridge.audited()).toEqual([]);
  });
});
