import { isPlainType, openWindow, windowBytes } from "./first-pass.ts";
import { JsonLines } from "./json-lines.ts";

const newline = 0x0a;

/** The most bytes of an unfinished line that wait for its end. Most lines have a few KiB. */
export const mostKept = 32 * 1024;

/** The most bytes of a chunk that go into one window, together with what was kept. */
const pieceBytes = windowBytes - mostKept;

/**
 * Checks what `JsonLines` checks, with the same verdicts and faults, in less time. A first pass takes the lines that surely hold
 * a record of the type. `JsonLines` judges all others. A line that does not end in its chunk waits for the next one, unless it is long.
 * So a fault in it may be thrown by the next call.
 */
export class TwoPassLines {
  readonly #type: string;
  readonly #judge: JsonLines;
  /** Its first `#keptBytes` bytes are the start of the current line, which nothing has read yet. */
  #kept: Buffer = Buffer.alloc(0);
  #keptBytes = 0;

  constructor(type: string) {
    this.#type = type;
    this.#judge = new JsonLines(type);
  }

  /** The number of records in the lines that ended so far; after `end` that of all records. */
  get lines(): number {
    return this.#judge.lines;
  }

  /** Whether the stream so far ends with a newline, or is empty. */
  get endsWithNewline(): boolean {
    return this.#keptBytes === 0 && this.#judge.endsWithNewline;
  }

  /**
   * Takes the next piece of the stream.
   * @throws FileDamaged at the first byte that is not allowed. The fault names the line, and quotes nothing of it
   */
  push(chunk: Buffer): void {
    if (!isPlainType(this.#type)) this.#judge.push(chunk);
    else for (let at = 0; at < chunk.length; at += pieceBytes) this.#pushPiece(chunk.subarray(at, at + pieceBytes));
  }

  /**
   * Ends the stream.
   * @throws FileDamaged if it ends inside a record, or its last line is not a record
   */
  end(): void {
    this.#judge.push(this.#takeKept());
    this.#judge.end();
  }

  #pushPiece(piece: Buffer): void {
    if (!piece.includes(newline) && this.#mayKeep(piece)) {
      this.#keep(piece);
      return;
    }
    const kept = this.#takeKept();
    const take = openWindow([kept, piece], this.#type);
    // The offset in the piece. What was kept lies before it.
    let at = -kept.length;
    while (at < piece.length) {
      if (this.#judge.endsWithNewline) {
        const taken = take(kept.length + at);
        this.#judge.skip(taken);
        at += taken.bytes;
        if (at === piece.length) return;
      }
      if (at < 0) {
        this.#judge.push(kept);
        at = 0;
      }
      const newlineAt = piece.indexOf(newline, at);
      const lineEnd = newlineAt === -1 ? piece.length : newlineAt + 1;
      const rest = piece.subarray(at, lineEnd);
      if (newlineAt === -1 && this.#mayKeep(rest)) this.#keep(rest);
      else this.#judge.push(rest);
      at = lineEnd;
    }
  }

  /** Whether these bytes go on with a line of which the judge has read nothing, and which is not too long yet. */
  #mayKeep(bytes: Buffer): boolean {
    return this.#judge.endsWithNewline && this.#keptBytes + bytes.length <= mostKept;
  }

  #keep(bytes: Buffer): void {
    if (this.#kept.length === 0) this.#kept = Buffer.allocUnsafe(mostKept);
    bytes.copy(this.#kept, this.#keptBytes);
    this.#keptBytes += bytes.length;
  }

  /** What was kept. It is overwritten by the next `#keep`. */
  #takeKept(): Buffer {
    const kept = this.#kept.subarray(0, this.#keptBytes);
    this.#keptBytes = 0;
    return kept;
  }
}
