import { PageTooLarge } from "#ccd-retrieval/language/page-too-large.ts";

/** A place in a page whose HTML becomes known later. */
export interface PageSlot {
  html: string;
}

/** Characters that are collected before they become bytes. */
const pieceChars = 64 * 1024;

/** The HTML of a page, as UTF-8. It grows at its end, and at the slots that were left open in it. */
export class PageText {
  readonly #limit: number;
  readonly #parts: (Buffer | PageSlot)[] = [];
  #pending: string[] = [];
  #pendingChars = 0;
  #chars = 0;

  /** @param limit characters of the page */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws PageTooLarge */
  write(html: string): void {
    this.#count(html);
    this.#pending.push(html);
    this.#pendingChars += html.length;
    if (this.#pendingChars > pieceChars) this.#flush();
  }

  /** Leaves a place open at the page's present end. */
  slot(): PageSlot {
    this.#flush();
    const slot = { html: "" };
    this.#parts.push(slot);
    return slot;
  }

  /** @throws PageTooLarge */
  toBuffer(): Buffer {
    this.#flush();
    return Buffer.concat(
      this.#parts.map((part) => {
        if (Buffer.isBuffer(part)) return part;
        this.#count(part.html);
        return Buffer.from(part.html);
      }),
    );
  }

  #count(html: string): void {
    this.#chars += html.length;
    if (this.#chars > this.#limit) throw new PageTooLarge(`the page has more than ${this.#limit} characters`);
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#parts.push(Buffer.from(this.#pending.join("")));
    this.#pending = [];
    this.#pendingChars = 0;
  }
}
