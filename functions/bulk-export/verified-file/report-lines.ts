const newline = 0x0a;
const blanks = new Set([0x20, 0x09, 0x0d]);

/** Counts the lines of a report on the export. Blank lines are not counted. What the other lines hold does not matter. */
export class ReportLines {
  #lines = 0;
  /** Whether the current line holds anything. */
  #filled = false;
  #endsWithNewline = true;

  /** The number of lines so far, including the last one without its newline. */
  get lines(): number {
    return this.#filled ? this.#lines + 1 : this.#lines;
  }

  /** Whether the stream so far ends with a newline, or is empty. */
  get endsWithNewline(): boolean {
    return this.#endsWithNewline;
  }

  /** Takes the next piece of the stream. */
  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte !== newline) this.#filled ||= !blanks.has(byte);
      else if (this.#filled) {
        this.#lines += 1;
        this.#filled = false;
      }
    }
    if (chunk.length > 0) this.#endsWithNewline = chunk.at(-1) === newline;
  }
}
