import { isUtf8 } from "node:buffer";

const longestSequence = 4;

/** Checks that a stream of bytes is UTF-8. Its chunks may end inside a character. */
export class Utf8Stream {
  /** The first bytes of a character that continues in the next chunk: three bytes at most. */
  #unfinished: Buffer = Buffer.alloc(0);

  /** Takes the next piece. Returns false if it is not UTF-8. An unfinished character is checked with the piece that ends it. */
  push(chunk: Buffer): boolean {
    const bytes = this.#unfinished.length === 0 ? chunk : Buffer.concat([this.#unfinished, chunk]);
    const whole = bytes.length - unfinishedLength(bytes);
    this.#unfinished = Buffer.from(bytes.subarray(whole));
    return isUtf8(bytes.subarray(0, whole));
  }
}

/** The number of bytes at the end that belong to an unfinished character (RFC 3629, section 3). */
function unfinishedLength(bytes: Buffer): number {
  for (let back = 1; back < longestSequence && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = byte >> 6 === 0b10;
    if (!isContinuation) return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

/** The length of a character in bytes, by its first byte. */
function characterLength(first: number): number {
  if (first >= 0b1111_0000) return 4;
  if (first >= 0b1110_0000) return 3;
  return first >= 0b1100_0000 ? 2 : 1;
}
