import { TextDecoder } from "node:util";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

interface Detected {
  encoding: Encoding;
  /** Whether a byte order mark names the encoding. */
  marked: boolean;
}

const detectionBytes = 4;

/** The encodings that a declaration may name if the bytes are in this encoding. */
const declarable: Readonly<Record<Encoding, readonly string[]>> = {
  "utf-8": ["utf-8", "utf8"],
  "utf-16le": ["utf-16", "utf-16le"],
  "utf-16be": ["utf-16", "utf-16be"],
};

/**
 * Turns the bytes of an XML document into text. It reads UTF-8 and UTF-16, which it recognises by the byte order mark or by the
 * bytes of the first `<`. Each byte must be valid. It refuses every other encoding, and a declaration that contradicts the
 * bytes, because two programs could then read two different documents.
 *
 * Source: XML 1.0 (fifth edition), section 4.3.3 and appendix F.
 */
export class XmlDecoder {
  #head = Buffer.alloc(0);
  #detected: Detected | undefined;
  #decoder: TextDecoder | undefined;

  /**
   * Decodes the next bytes, up to the last complete character.
   * @throws DocumentRefused unsupported-encoding
   */
  push(bytes: Uint8Array): string {
    if (this.#decoder !== undefined) return decode(this.#decoder, bytes, true);
    this.#head = Buffer.concat([this.#head, bytes]);
    return this.#head.length < detectionBytes ? "" : decode(this.#begin(), this.#head, true);
  }

  /**
   * Decodes the rest of the text.
   * @throws DocumentRefused unsupported-encoding
   */
  finish(): string {
    if (this.#decoder !== undefined) return decode(this.#decoder, new Uint8Array(), false);
    return decode(this.#begin(), this.#head, false);
  }

  /**
   * Compares the document's declaration with its bytes.
   * @param declared the encoding that the XML declaration names; undefined if it names none
   * @throws DocumentRefused unsupported-encoding
   */
  checkDeclared(declared: string | undefined): void {
    if (this.#detected === undefined) return;
    const { encoding, marked } = this.#detected;
    const fits =
      declared === undefined ? encoding === "utf-8" || marked : declarable[encoding].includes(declared.toLowerCase());
    if (!fits)
      throw unsupported(
        "the document declares an encoding that its bytes do not have, or that the bridge does not read",
      );
  }

  #begin(): TextDecoder {
    this.#detected = detect(this.#head);
    // The parser removes one byte order mark itself, so the decoder must keep it.
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
    throw unsupported(
      "the document's bytes are not valid UTF-8, or not valid in the UTF-16 that they begin with",
      error,
    );
  }
}

function unsupported(message: string, cause?: unknown): DocumentRefused {
  return new DocumentRefused("unsupported-encoding", message, { cause });
}
