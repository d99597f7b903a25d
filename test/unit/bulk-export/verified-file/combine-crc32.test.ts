import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combineCrc32 } from "#bulk-export/verified-file/combine-crc32.ts";

describe("combineCrc32", () => {
  it("is the CRC-32 that zlib computes of the whole, at every split of it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (let split = 0; split <= bytes.length; split += 1) {
          const [first, second] = [bytes.subarray(0, split), bytes.subarray(split)];
          expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(bytes));
        }
      }),
    );
  });

  it("combines any number of parts", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 })), (parts) => {
        const combined = parts.reduce((crc, part) => combineCrc32(crc, crc32(part), part.length), 0);
        expect(combined).toBe(crc32(Buffer.concat(parts)));
      }),
    );
  });

  it("combines parts of the size that uploads have", () => {
    const part = Buffer.alloc(8 * 1024 * 1024, "integra");
    const whole = Buffer.concat([part, part, part.subarray(0, 12_345)]);
    const two = combineCrc32(crc32(part), crc32(part), part.length);
    expect(combineCrc32(two, crc32(part.subarray(0, 12_345)), 12_345)).toBe(crc32(whole));
  });

  it("takes a length of more than 32 bits", () => {
    // Zero bytes are the power of one factor, so two halves of a length give the whole of it.
    const half = 3 * 2 ** 31;
    const shiftedTwice = combineCrc32(combineCrc32(0x1234_5678, 0, half), 0, half);
    expect(combineCrc32(0x1234_5678, 0, 2 * half)).toBe(shiftedTwice);
  });
});
