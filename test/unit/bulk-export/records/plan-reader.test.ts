import { describe, expect, it } from "vitest";
import { planReader } from "#bulk-export/records/plan-reader.ts";

const at = "2026-03-01T12:00:00.000Z";
const resumed = { exportId: "e1", run: "r1" };
const plan = (exportId: string, run: string) => ({
  exportId,
  run,
  transactionTime: "t",
  requiresAccessToken: true,
  manifestReadAt: at,
  files: [],
});

describe("the plan reader", () => {
  it("a plan is read once for each run, because the next run of an export has other URLs", async () => {
    const read: string[] = [];
    let run = "first";
    const getPlan = planReader({
      getPlan: (exportId) => {
        read.push(`${exportId} ${run}`);
        return Promise.resolve(plan(exportId, run));
      },
    });
    for (const exportId of ["e1", "e1", "e2", "e2", "e1"]) {
      expect(await getPlan({ exportId, run })).toMatchObject({ exportId, run });
    }
    run = "r1";
    expect(await getPlan(resumed)).toMatchObject(resumed);
    expect(read).toEqual(["e1 first", "e2 first", "e1 first", "e1 r1"]);
  });
});
