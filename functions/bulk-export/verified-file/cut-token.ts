/** A text that a token may be: itself, and its bytes where nothing in it is escaped. */
export interface Word {
  text: string;
  bytes: Buffer;
}

export const word = (text: string): Word => ({ text, bytes: Buffer.from(text) });

/** No character takes more bytes than in an escape such as `\u0041`. */
const longestEscape = 6;

const nothing: Buffer = Buffer.alloc(0);

/**
 * A JSON text in a stream of chunks, between its quotes, to be compared with a word: it may be cut by the end of a chunk
 * anywhere. Of texts that are too long to be any word no more than that is kept.
 */
export class CutToken {
  readonly #longest: number;
  #began: number | undefined;
  #head = nothing;

  constructor(...words: Word[]) {
    this.#longest = longestEscape * Math.max(...words.map(({ bytes }) => bytes.length));
  }

  /** The token goes on at this place of the present chunk, after `head`. */
  begin(at: number, head = nothing): void {
    this.#began = at;
    this.#head = head;
  }

  /** The present chunk ends; if the token has not, it goes on at the start of the next one. */
  cut(chunk: Buffer): void {
    if (this.#began === undefined) return;
    // One byte more than the longest word has: it tells the longer ones.
    const kept = chunk.subarray(this.#began, this.#began + this.#longest + 1 - this.#head.length);
    this.#head = Buffer.concat([this.#head, kept]);
    this.#began = 0;
  }

  /** Whether the token, which ends before this place of the present chunk, says `word`. `escaped`: it holds escapes. */
  endsAs({ text, bytes }: Word, chunk: Buffer, at: number, escaped: boolean): boolean {
    const began = this.#began ?? at;
    this.#began = undefined;
    if (this.#head.length === 0 && !escaped) {
      return at - began === bytes.length && stands(bytes, chunk, began);
    }
    const raw = Buffer.concat([this.#head, chunk.subarray(began, at)]);
    this.#head = nothing;
    if (raw.length > this.#longest) return false;
    return escaped ? JSON.parse(`"${raw.toString("utf8")}"`) === text : raw.equals(bytes);
  }
}

/** Whether `bytes` stand at this place of the chunk: for so few of them a loop is faster than a slice. */
function stands(bytes: Buffer, chunk: Buffer, at: number): boolean {
  for (let place = 0; place < bytes.length; place += 1) if (bytes[place] !== chunk[at + place]) return false;
  return true;
}
