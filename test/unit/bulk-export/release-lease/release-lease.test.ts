import { describe, expect, it } from "vitest";
import { releaseLease } from "#bulk-export/release-lease/release-lease.ts";
import { bridgeInMemory, patientExport, patientHolder } from "../../../fixtures/bridge-in-memory.ts";

describe("releasing the lease", () => {
  it("lets the next export have its turn", async () => {
    const bridge = bridgeInMemory();
    const step = releaseLease({ leases: bridge.leases });
    await bridge.leases.take("patient", patientHolder, "n1");
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: true });
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: false });
  });

  it("of another execution of the same export is not done", async () => {
    const bridge = bridgeInMemory();
    await bridge.leases.take("patient", { ...patientHolder, execution: "e1-r1" }, "n1");
    const step = releaseLease({ leases: bridge.leases });
    expect(await step({ export: patientExport }, bridge.stepContext)).toEqual({ released: false });
    expect(await step({ export: { ...patientExport, run: "r1" } }, bridge.stepContext)).toEqual({ released: true });
  });
});
