import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32Text, joinedCrc32 } from "#bulk-export/verified-file/crc32.ts";

describe("a CRC-32", () => {
  it("of two texts in a row comes out of theirs", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        expect(joinedCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(second, crc32(first)));
      }),
    );
  });

  it("does so for texts of any length", () => {
    const part = Buffer.alloc(16 * 1024 * 1024, "part");
    const three = [part, part, part].reduce((crc, next) => joinedCrc32(crc, crc32(next), next.length), 0);
    expect(three).toBe(crc32(Buffer.concat([part, part, part])));
    // Lengths of more than 32 bits: 4 TiB of zeros, and as many again, are 8 TiB of zeros.
    let zeros = crc32(Buffer.alloc(1));
    for (let bytes = 1; bytes < 2 ** 42; bytes *= 2) zeros = joinedCrc32(zeros, zeros, bytes);
    const text = crc32(Buffer.from("text"));
    const twice = joinedCrc32(joinedCrc32(text, zeros, 2 ** 42), zeros, 2 ** 42);
    expect(joinedCrc32(text, joinedCrc32(zeros, zeros, 2 ** 42), 2 ** 43)).toBe(twice);
  });

  it("is written as S3 writes it", () => {
    expect(crc32Text(crc32(Buffer.from("123456789")))).toBe(Buffer.from("cbf43926", "hex").toString("base64"));
    expect(crc32Text(1)).toBe("AAAAAQ==");
  });
});
