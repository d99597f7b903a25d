import { expect, it } from "vitest";
import { LandedList } from "#bulk-export/language/landed-list.ts";
import { landedFile } from "../../../fixtures/bridge-in-memory.ts";

it("the lines of exported resources are counted by type, those of reports on the export are not", () => {
  const landed = new LandedList();
  landed.add(landedFile(0, { lines: 3 }));
  landed.add(landedFile(1, { lines: 4 }));
  landed.add(landedFile(2, { type: "Observation", lines: 1 }));
  landed.add(landedFile(3, { kind: "error", type: "OperationOutcome", lines: 5 }));
  expect(landed.linesByType).toEqual({ Patient: 7, Observation: 1 });
  expect([landed.files.length, landed.audited.length]).toEqual([4, 4]);
});
