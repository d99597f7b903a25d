/** A word that a JSON string may be compared with, and its bytes. */
export interface Word {
  text: string;
  bytes: Buffer;
}

export const word = (text: string): Word => ({ text, bytes: Buffer.from(text) });

/** The bytes of an escape such as `\u0041`. No other way to write a character takes more bytes. */
const longestEscape = 6;

const noBytes: Buffer = Buffer.alloc(0);

/**
 * Compares a JSON string in a stream of chunks with words. Chunks may end anywhere inside the string. If the string is
 * too long to be any of the words, only as much of it is kept as shows that.
 */
export class WordMatcher {
  readonly #longest: number;
  #began: number | undefined;
  #head = noBytes;

  constructor(...words: Word[]) {
    this.#longest = longestEscape * Math.max(...words.map(({ bytes }) => bytes.length));
  }

  /** The string continues at this place of the current chunk, after `head`. */
  begin(at: number, head = noBytes): void {
    this.#began = at;
    this.#head = head;
  }

  /** The current chunk ends. If the string has not ended yet, it continues at the start of the next chunk. */
  endChunk(chunk: Buffer): void {
    if (this.#began === undefined) return;
    // One byte more than the longest word has: it shows that the string is longer.
    const kept = chunk.subarray(this.#began, this.#began + this.#longest + 1 - this.#head.length);
    this.#head = Buffer.concat([this.#head, kept]);
    this.#began = 0;
  }

  /** Whether the string, which ends before this place of the current chunk, is `word`. `escaped`: it holds escapes. */
  endsAs({ text, bytes }: Word, chunk: Buffer, at: number, escaped: boolean): boolean {
    const began = this.#began ?? at;
    this.#began = undefined;
    if (this.#head.length === 0 && !escaped) {
      return at - began === bytes.length && holdsAt(bytes, chunk, began);
    }
    const raw = Buffer.concat([this.#head, chunk.subarray(began, at)]);
    this.#head = noBytes;
    if (raw.length > this.#longest) return false;
    return escaped ? JSON.parse(`"${raw.toString("utf8")}"`) === text : raw.equals(bytes);
  }
}

/** Whether the chunk holds `bytes` at this place. For so few bytes a loop is faster than a slice. */
function holdsAt(bytes: Buffer, chunk: Buffer, at: number): boolean {
  for (let place = 0; place < bytes.length; place += 1) if (bytes[place] !== chunk[at + place]) return false;
  return true;
}
