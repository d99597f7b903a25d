import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";

/** The texts of a document's narrative by the ids of their elements. Entries refer to them. */
export class NarrativeTexts {
  readonly #mostChars: number;
  readonly #texts = new Map<string, string>();
  /** The ids of the open elements; undefined for an element without one. */
  readonly #open: (string | undefined)[] = [];
  #chars = 0;

  /** @param mostChars how many characters are kept */
  constructor(mostChars: number) {
    this.#mostChars = mostChars;
  }

  /** Opens an element of a narrative. @returns whether its text is wanted */
  open(attributes: ReadonlyMap<string, string>): boolean {
    const id = attributes.get("ID");
    this.#open.push(id);
    if (id !== undefined && !this.#texts.has(id)) this.#texts.set(id, "");
    return this.#open.some((one) => one !== undefined);
  }

  /** A piece of text belongs to each open element that has an id. @throws NotConvertible if the texts are too long */
  text(piece: string): void {
    for (const id of this.#open) {
      if (id === undefined) continue;
      this.#chars += piece.length;
      if (this.#chars > this.#mostChars)
        throw new NotConvertible(`the narrative has more than ${this.#mostChars} characters that entries can refer to`);
      this.#texts.set(id, `${this.#texts.get(id) ?? ""}${piece}`);
    }
  }

  close(): void {
    this.#open.pop();
  }

  /** @returns undefined if no element so far has this id, or it has no text */
  find(id: string): string | undefined {
    const text = this.#texts.get(id)?.replaceAll(/\s+/g, " ").trim();
    return text === "" ? undefined : text;
  }
}
