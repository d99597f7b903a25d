import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Utf8Stream } from "#bulk-export/verified-file/utf8-stream.ts";

/** Whether each chunk was accepted. A last newline ends an unfinished character. */
function isAccepted(bytes: Buffer, sizes: readonly number[]): boolean {
  const stream = new Utf8Stream();
  const verdicts: boolean[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    verdicts.push(stream.push(bytes.subarray(at, at + size)));
    at += size;
  }
  verdicts.push(stream.push(Buffer.from("\n")));
  return verdicts.every(Boolean);
}

function decodes(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });

describe("a stream of UTF-8", () => {
  it("any text in UTF-8 is accepted, in chunks of any size", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), sizes, (text, cuts) => {
        // Unpaired surrogates have no UTF-8: Buffer.from replaces them.
        expect(isAccepted(Buffer.from(text), cuts)).toBe(true);
      }),
    );
  });

  it("any bytes get the same verdict as from a fatal TextDecoder", () => {
    const leading = fc.constantFrom(0x41, 0xc1, 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff);
    const following = fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf);
    fc.assert(
      fc.property(fc.array(fc.oneof(leading, following, following), { maxLength: 12 }), sizes, (codes, cuts) => {
        expect(isAccepted(Buffer.from(codes), cuts)).toBe(decodes(Buffer.from([...codes, 0x0a])));
      }),
      { numRuns: 3_000 },
    );
  });
});
