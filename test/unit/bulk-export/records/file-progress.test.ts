import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FileOutcomes, fileProgress } from "#bulk-export/records/file-progress.ts";
import { noon } from "../../../fixtures/bridge-in-memory.ts";
import { tableInMemory } from "../../../fixtures/table-in-memory.ts";

describe("the progress of files", () => {
  it("each file counts once, however often and in which order its outcome is stored", async () => {
    const file = fc.record({ index: fc.nat(350), lines: fc.nat(10_000), bytes: fc.nat(1e9), landed: fc.boolean() });
    const files = fc.uniqueArray(file, { maxLength: 60, selector: ({ index }) => index });
    await fc.assert(
      fc.asyncProperty(files, fc.array(fc.array(fc.nat(59)), { maxLength: 8 }), async (all, repeated) => {
        const progress = fileProgress(tableInMemory().client, "ledger", () => noon);
        const outcomesOf = (some: typeof all): FileOutcomes => ({
          landed: some.filter(({ landed }) => landed),
          missing: some.filter(({ landed }) => !landed).map(({ index }) => index),
        });
        const calls = [...repeated.map((places) => all.filter((_, place) => places.includes(place))), all];
        for (const some of calls) await progress.store("e1", outcomesOf(some));
        const { landed, missing } = outcomesOf(all);
        expect(await progress.read("e1", 351)).toEqual({
          filesLanded: landed.length,
          filesMissing: missing.length,
          lines: landed.reduce((sum, { lines }) => sum + lines, 0),
          bytes: landed.reduce((sum, { bytes }) => sum + bytes, 0),
        });
      }),
      { numRuns: 50 },
    );
  });

  it("a missing file that a later run lands is missing no more", async () => {
    const progress = fileProgress(tableInMemory().client, "ledger", () => noon);
    await progress.store("e1", { landed: [], missing: [3] });
    await progress.store("e1", { landed: [{ index: 3, lines: 2, bytes: 10 }], missing: [] });
    expect(await progress.read("e1", 4)).toEqual({ filesLanded: 1, filesMissing: 0, lines: 2, bytes: 10 });
  });

  it("a call of 25 files takes one write, or two if its files are in two items", async () => {
    const table = tableInMemory();
    const progress = fileProgress(table.client, "ledger", () => noon);
    const landed = Array.from({ length: 25 }, (_, number) => ({ index: 90 + number, lines: 1, bytes: 1 }));
    await progress.store("e1", { landed, missing: [] });
    expect([...table.items.keys()]).toEqual(["export-files#e1#0", "export-files#e1#1"]);
    expect((await progress.read("e2", 200)).filesLanded).toBe(0);
  });

  it("an item of 100 large files has at most 3 KB, for which a write is billed", async () => {
    const table = tableInMemory();
    const landed = Array.from({ length: 100 }, (_, number) => ({
      index: 9_900 + number,
      lines: 10_000_000,
      bytes: 9e9,
    }));
    await fileProgress(table.client, "ledger", () => noon).store(`api-${"f".repeat(32)}`, { landed, missing: [] });
    // DynamoDB counts names and values, in UTF-8 ("Item sizes and formats").
    const sizes = [...table.items.values()].map((item) =>
      Object.entries(item).reduce((sum, [name, { S = "", N = "" }]) => sum + name.length + S.length + N.length, 0),
    );
    expect(sizes).toHaveLength(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3 * 1024);
  });
});
