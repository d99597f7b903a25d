import { afterEach, describe, expect, it, vi } from "vitest";
import { chunkGarbage } from "#bulk-export/verified-file/chunk-garbage.ts";

const mebibyte = 1024 * 1024;

describe("the garbage of chunks", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is collected each time that so many bytes were counted", () => {
    const collectedAt: number[] = [];
    let bytes = 0;
    const count = chunkGarbage(100, () => collectedAt.push(bytes));
    for (const chunk of [60, 39, 1, 99, 250, 99, 2]) {
      bytes += chunk;
      count(chunk);
    }
    expect(collectedAt).toEqual([100, 449, 550]);
  });

  it("is collected as young objects, by the collector that Lambda exposes", () => {
    const collections: unknown[] = [];
    vi.stubGlobal("gc", (options: unknown) => collections.push(options));
    const count = chunkGarbage();
    for (let chunk = 0; chunk < 17; chunk += 1) count(mebibyte);
    expect(collections).toEqual([{ type: "minor" }, { type: "minor" }]);
  });

  it("is left to V8 if no collector is exposed", () => {
    vi.stubGlobal("gc", undefined);
    const count = chunkGarbage(1);
    expect(() => count(1)).not.toThrow();
  });
});
