import { describe, expect, it } from "vitest";
import { PartMemory } from "#bulk-export/verified-file/part-memory.ts";

describe("the memory of parts", () => {
  it("a buffer that came back is the next one of its length", () => {
    const memory = new PartMemory();
    const [small, large] = [memory.take(8), memory.take(16)];
    memory.giveBack(small);
    memory.giveBack(large);
    expect([memory.take(16), memory.take(8)].map(({ buffer }) => buffer)).toEqual([large.buffer, small.buffer]);
  });

  it("buffers that are in use at the same time share no bytes", () => {
    const memory = new PartMemory();
    memory.giveBack(memory.take(8));
    const buffers = [memory.take(8), memory.take(8), memory.take(8)];
    expect(new Set(buffers.map(({ buffer }) => buffer)).size).toBe(3);
    for (const { byteOffset, buffer } of buffers) expect([byteOffset, buffer.byteLength]).toEqual([0, 8]);
  });
});
