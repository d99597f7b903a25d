/** Bytes of one image, and of all images of a page. */
const [largestImage, largestImages] = [2 * 1024 * 1024, 8 * 1024 * 1024] as const;

/** Each format that is shown, by the first bytes of its files. What a document says about the format is not used. */
const signatures: Readonly<Record<string, readonly string[]>> = {
  "image/png": ["89504e470d0a1a0a"],
  "image/jpeg": ["ffd8ff"],
  "image/gif": ["474946383761", "474946383961"],
};

const notShown = (id: string, why: string): string =>
  `<span class="note">An image of the document is not shown here: ${why}. Its id is ${id}.</span>`;

/** The images that a document holds, in `observationMedia`. */
export class NarrativeImages {
  readonly #images = new Map<string, { html: string } | { refusal: string }>();
  readonly #shown = new Set<string>();
  #bytes = 0;

  /**
   * Keeps an image.
   * @param id the id in the page
   * @param base64 the text of its `value`
   */
  add(id: string, base64: string): void {
    if (this.#images.has(id)) return;
    this.#images.set(id, this.#read(base64));
  }

  /** The HTML of an image that the narrative shows. It is shown once; further references lead to it. */
  show(id: string): string {
    const image = this.#images.get(id);
    if (image === undefined) return notShown(id, "the document has no image with this id");
    if ("refusal" in image) return notShown(id, image.refusal);
    if (this.#shown.has(id)) return `<span class="note">The document shows an image again that is shown above.</span>`;
    this.#shown.add(id);
    return `<img alt="Image of the document" src="${image.html}"/>`;
  }

  /** Whether the page has an image. */
  get any(): boolean {
    return this.#shown.size > 0;
  }

  #read(base64: string): { html: string } | { refusal: string } {
    const text = base64.replaceAll(/\s+/g, "");
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return { refusal: "it is not written in Base64" };
    const bytes = Buffer.from(text, "base64");
    const hex = bytes.subarray(0, 8).toString("hex");
    const type = Object.keys(signatures).find((one) => signatures[one]?.some((start) => hex.startsWith(start)));
    if (type === undefined) return { refusal: "it is no PNG, JPEG or GIF" };
    if (bytes.length > largestImage || this.#bytes + bytes.length > largestImages)
      return { refusal: "it is too large" };
    this.#bytes += bytes.length;
    return { html: `data:${type};base64,${bytes.toString("base64")}` };
  }
}
