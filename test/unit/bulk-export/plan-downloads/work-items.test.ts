import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divideIntoItems } from "#bulk-export/plan-downloads/work-items.ts";

const filesOf = (...counts: (number | null)[]) => counts.map((count, index) => ({ index, count }));
const limits = { filesPerItem: 25, itemsAtOnce: 4 };
const sizes = (items: number[][]): number[] => items.map(({ length }) => length);

describe("the items of a work list", () => {
  it("small files share items of 25", () => {
    expect(sizes(divideIntoItems(filesOf(...Array.from({ length: 210 }, () => 100)), limits))).toEqual([
      ...Array.from({ length: 8 }, () => 25),
      10,
    ]);
  });

  it("files without a count are taken as the guide's files of 10,000 lines, 25 of which share an item", () => {
    expect(sizes(divideIntoItems(filesOf(...Array.from({ length: 100 }, () => null)), limits))).toEqual([
      25, 25, 25, 25,
    ]);
  });

  it("a large file stands alone, and does not divide the small ones around it", () => {
    expect(divideIntoItems(filesOf(10, 1_000_000, 10, 10), { filesPerItem: 25, itemsAtOnce: 1 })).toEqual([
      [0, 2, 3],
      [1],
    ]);
  });

  it("few files are spread over as many items as are downloaded at once", () => {
    expect(sizes(divideIntoItems(filesOf(...Array.from({ length: 10 }, () => 10)), limits))).toEqual([3, 3, 3, 1]);
    expect(sizes(divideIntoItems(filesOf(10, 10, 10), limits))).toEqual([1, 1, 1]);
  });

  it("every file is in exactly one item, no item is empty or too large, and together they stay below 512 MiB", () => {
    const count = fc.option(fc.integer({ min: 0, max: 200_000 }));
    fc.assert(
      fc.property(
        fc.array(count, { maxLength: 300 }),
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 40 }),
        (counts, filesPerItem, itemsAtOnce) => {
          const files = filesOf(...counts);
          const items = divideIntoItems(files, { filesPerItem, itemsAtOnce });
          expect(items.flat().toSorted((a, b) => a - b)).toEqual(files.map(({ index }) => index));
          for (const item of items) {
            expect(item.length).toBeGreaterThan(0);
            expect(item.length).toBeLessThanOrEqual(filesPerItem);
            const lines = item.reduce((sum, index) => sum + (counts[index] ?? 10_000), 0);
            expect(item.length === 1 || 2048 * lines <= 512 * 1024 ** 2).toBe(true);
          }
        },
      ),
    );
  });
});
