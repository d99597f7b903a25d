import { TextDecoder } from "node:util";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

interface Detected {
  encoding: Encoding;
  /** Whether a byte order mark says so. */
  marked: boolean;
}

const detectionBytes = 4;

/** What may be declared where the bytes are in this encoding. */
const declarable: Readonly<Record<Encoding, readonly string[]>> = {
  "utf-8": ["utf-8", "utf8"],
  "utf-16le": ["utf-16", "utf-16le"],
  "utf-16be": ["utf-16", "utf-16be"],
};

/**
 * Turns the bytes of an XML document into text. UTF-8 and UTF-16 are read, by their byte order mark or by how the first
 * `<` is written; each byte must be valid. Every other encoding is refused, as is a declaration that contradicts the
 * bytes: two readers could read two documents.
 *
 * Source: XML 1.0 (fifth edition), section 4.3.3 and appendix F.
 */
export class XmlDecoder {
  #head = Buffer.alloc(0);
  #detected: Detected | undefined;
  #decoder: TextDecoder | undefined;

  /**
   * The text of the next bytes, as far as their characters are complete.
   * @throws DocumentRefused unsupported-encoding
   */
  push(bytes: Uint8Array): string {
    if (this.#decoder !== undefined) return decode(this.#decoder, bytes, true);
    this.#head = Buffer.concat([this.#head, bytes]);
    return this.#head.length < detectionBytes ? "" : decode(this.#begin(), this.#head, true);
  }

  /**
   * The rest of the text.
   * @throws DocumentRefused unsupported-encoding
   */
  finish(): string {
    if (this.#decoder !== undefined) return decode(this.#decoder, new Uint8Array(), false);
    return decode(this.#begin(), this.#head, false);
  }

  /**
   * Holds the document's declaration against its bytes.
   * @param declared the encoding that the XML declaration names; undefined where it names none
   * @throws DocumentRefused unsupported-encoding
   */
  checkDeclared(declared: string | undefined): void {
    if (this.#detected === undefined) return;
    const { encoding, marked } = this.#detected;
    const fits =
      declared === undefined ? encoding === "utf-8" || marked : declarable[encoding].includes(declared.toLowerCase());
    if (!fits)
      throw unsupported("the document declares another encoding than its bytes are in, or one that is not read");
  }

  #begin(): TextDecoder {
    this.#detected = detect(this.#head);
    // The parser expects the mark, and takes one only.
    this.#decoder = new TextDecoder(this.#detected.encoding, { fatal: true, ignoreBOM: true });
    return this.#decoder;
  }
}

function detect(head: Buffer): Detected {
  const begins = (...bytes: number[]): boolean => head.subarray(0, bytes.length).equals(Buffer.from(bytes));
  if (begins(0, 0, 0xfe, 0xff) || begins(0xff, 0xfe, 0, 0)) throw unsupported("the document is in UTF-32");
  if (begins(0xff, 0xfe)) return { encoding: "utf-16le", marked: true };
  if (begins(0xfe, 0xff)) return { encoding: "utf-16be", marked: true };
  if (begins(0x3c, 0)) return { encoding: "utf-16le", marked: false };
  if (begins(0, 0x3c)) return { encoding: "utf-16be", marked: false };
  return { encoding: "utf-8", marked: begins(0xef, 0xbb, 0xbf) };
}

function decode(decoder: TextDecoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch (error) {
    throw unsupported("the document's bytes are not in UTF-8, or not in the UTF-16 that they begin with", error);
  }
}

function unsupported(message: string, cause?: unknown): DocumentRefused {
  return new DocumentRefused("unsupported-encoding", message, { cause });
}
