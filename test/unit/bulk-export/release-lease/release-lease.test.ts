import { describe, expect, it } from "vitest";
import { releaseLease } from "#bulk-export/release-lease/release-lease.ts";
import { bridgeInMemory, patientExport, patientHolder } from "../../../fixtures/bridge-in-memory.ts";

describe("the release-lease step", () => {
  it("an export releases the lease that it holds", async () => {
    const bridge = bridgeInMemory();
    const step = releaseLease({ leases: bridge.leases });
    await bridge.leases.take("patient", patientHolder, "n1");
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: true });
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: false });
  });

  it("the lease of another execution of the same export is not released", async () => {
    const bridge = bridgeInMemory();
    await bridge.leases.take("patient", { ...patientHolder, execution: "e1-r1" }, "n1");
    const step = releaseLease({ leases: bridge.leases });
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: false });
    expect(await step({ export: { ...patientExport, run: "r1" } }, bridge.stepContext)).toEqual({ released: true });
  });
});
