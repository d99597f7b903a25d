import { deflateRawSync } from "node:zlib";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { ByteSource } from "#ccd-retrieval/documents/byte-source.ts";
import { defaultLimits } from "#ccd-retrieval/documents/limits.ts";
import { readArchive } from "#ccd-retrieval/documents/zip/archive-rules.ts";
import { readEntryContent } from "#ccd-retrieval/documents/zip/entry-content.ts";
import { collectedMemory } from "#test/fixtures/heap.ts";
import { refusalOf } from "#test/fixtures/opened-documents.ts";
import { zipBytes } from "#test/fixtures/zip-bytes.ts";

const miB = 1 << 20;

/** A source in memory that counts the bytes read from it. */
function countedSource(bytes: Buffer): ByteSource & { bytesRead: () => number } {
  let count = 0;
  return {
    size: bytes.length,
    read: async (start, length) => {
      count += length;
      return bytes.subarray(start, start + length);
    },
    close: async () => undefined,
    bytesRead: () => count,
  };
}

const zeros = deflateRawSync(Buffer.alloc(256 * miB), { level: 1 });

describe("an archive that inflates to more than it announces", () => {
  it("an entry is inflated no further than its announced size", async () => {
    const announced = 1 * miB;
    const lie = { size: announced };
    const source = countedSource(zipBytes([{ name: "1.xml", packed: zeros, central: lie, local: lie }]));
    const [file] = await readArchive(source, { ...defaultLimits, ratioFreeBytes: announced });
    if (file === undefined) throw new Error("no file");
    const readBefore = source.bytesRead();
    const memoryBefore = collectedMemory();
    let passedOn = 0;
    let mostMemory = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of readEntryContent(source, file)) {
        passedOn += chunk.length;
        const { arrayBuffers, external } = process.memoryUsage();
        mostMemory = Math.max(mostMemory, arrayBuffers + external);
      }
    };
    expect(await refusalOf(reading)).toBe("size-differs");
    expect(passedOn).toBe(announced);
    // A mebibyte of zeros takes about 5 KB. Most of the 1.1 MB stays unread.
    expect(source.bytesRead() - readBefore).toBeLessThan(5 * 65_536);
    expect(mostMemory - memoryBefore.arrayBuffers - memoryBefore.external).toBeLessThan(16 * miB);
  });
});

describe("an archive that announces its true size", () => {
  it.each([
    ["ratio-too-high", {}],
    ["document-too-large", { documentBytes: 255 * miB }],
    ["total-too-large", { ratio: 1_032, totalBytes: 255 * miB }],
  ] as const)("an archive is refused as %s before any content is inflated", async (reason, limits) => {
    const honest = { size: 256 * miB };
    const source = countedSource(zipBytes([{ name: "1.xml", packed: zeros, central: honest, local: honest }]));
    const bounds = { ...defaultLimits, documentBytes: 1_024 * miB, ...limits };
    expect(await refusalOf(() => readArchive(source, bounds))).toBe(reason);
    expect(source.bytesRead()).toBeLessThan(2 * 65_700);
  });

  it("a small document may have any compression ratio", async () => {
    const source = countedSource(zipBytes([{ name: "1.xml", content: Buffer.alloc(1 * miB) }]));
    await expect(readArchive(source, defaultLimits)).resolves.toHaveLength(1);
  });
});

const nameOf = (index: number): string => `${index}`.padStart(3, "0");

/**
 * Fifield's bomb: each entry quotes the local header of the next in a stored block, and then shares the next one's bytes. So
 * every entry inflates the kernel at the end.
 */
function overlappingBomb(count: number, kernel: Buffer): Buffer {
  const packedKernel = deflateRawSync(kernel);
  const headerBytes = 30 + nameOf(0).length;
  const quoteBytes = 5;
  const quote = Buffer.alloc(quoteBytes);
  quote.writeUInt16LE(headerBytes, 1);
  quote.writeUInt16LE(~headerBytes & 0xffff, 3);
  const entries = Array.from({ length: count }, (_, index) => {
    const quoted = count - 1 - index;
    const compressed = quoted * (quoteBytes + headerBytes) + packedKernel.length;
    const claims = { compressed, size: quoted * headerBytes + kernel.length };
    return { name: nameOf(index), packed: quoted === 0 ? packedKernel : quote, local: claims, central: claims };
  });
  return zipBytes(entries);
}

describe("a bomb of overlapping entries", () => {
  const kernel = Buffer.alloc(1 * miB);
  const bomb = overlappingBomb(50, kernel);

  it("the overlapping bomb is a bomb for another library", () => {
    const inflated = Object.values(unzipSync(bomb));
    expect(bomb.length).toBeLessThan(10_000);
    expect(inflated.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(50 * miB);
  });

  it("the overlapping bomb is refused at its second entry", async () => {
    const refusal = readArchive(countedSource(bomb), { ...defaultLimits, ratio: 1_032 });
    await expect(refusal).rejects.toMatchObject({ reason: "overlap", message: expect.stringContaining("entry 2") });
  });
});
