import { isUtf8 } from "node:buffer";

const longestSequence = 4;

/** Tells whether a stream of bytes is UTF-8, although its chunks may end inside a character. */
export class Utf8Stream {
  /** The beginning of a character whose other bytes are in the next chunk: three bytes at most. */
  #begun: Buffer = Buffer.alloc(0);

  /** Takes the next piece; false where it is not UTF-8. A character that it begins is judged with the piece that ends it. */
  push(chunk: Buffer): boolean {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    const whole = bytes.length - unfinished(bytes);
    this.#begun = Buffer.from(bytes.subarray(whole));
    return isUtf8(bytes.subarray(0, whole));
  }
}

/** How many bytes at the end begin a character that has more (RFC 3629, section 3). */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back < longestSequence && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = byte >> 6 === 0b10;
    if (!isContinuation) return lengthAnnounced(byte) > back ? back : 0;
  }
  return 0;
}

function lengthAnnounced(first: number): number {
  if (first >= 0b1111_0000) return 4;
  if (first >= 0b1110_0000) return 3;
  return first >= 0b1100_0000 ? 2 : 1;
}
