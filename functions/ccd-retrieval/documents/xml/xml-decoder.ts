import { TextDecoder } from "node:util";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";

type Utf = "utf-8" | "utf-16le" | "utf-16be";

/** Turns bytes into text, up to the last complete character. `stream`: whether more bytes may follow. */
type Decode = (bytes: Uint8Array, stream: boolean) => string;

const detectionBytes = 4;
/** An XML declaration is shorter. */
const declarationBytes = 512;

/** The encodings that a declaration may name if the bytes are in this encoding. */
const declarable: Readonly<Record<Utf, readonly string[]>> = {
  "utf-8": ["utf-8", "utf8"],
  "utf-16le": ["utf-16", "utf-16le"],
  "utf-16be": ["utf-16", "utf-16be"],
};

/** The encodings of one byte that are read if the declaration names them. */
const latin1: ReadonlySet<string> = new Set(["iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1"]);
const windows1252: ReadonlySet<string> = new Set(["windows-1252", "cp1252"]);

/**
 * Turns the bytes of an XML document into text. It reads UTF-8 and UTF-16, which it recognises by the byte order mark or by the
 * bytes of the first `<`, and ISO-8859-1 and windows-1252, if the declaration names them. If every byte is ASCII, a document
 * may declare any encoding that writes ASCII as ASCII, or UTF-16, because nothing else can be read from such bytes. It refuses
 * every other encoding, and a declaration that contradicts the bytes: two programs could then read two different documents.
 *
 * Source: XML 1.0 (fifth edition), section 4.3.3 and appendix F; WHATWG Encoding Standard for the names of encodings.
 */
export class XmlDecoder {
  #head = Buffer.alloc(0);
  #decode: Decode | undefined;
  #declared: string | undefined;

  /**
   * Decodes the next bytes, up to the last complete character.
   * @throws DocumentRefused unsupported-encoding
   */
  push(bytes: Uint8Array): string {
    if (this.#decode !== undefined) return this.#decode(bytes, true);
    this.#head = Buffer.concat([this.#head, bytes]);
    return isHeadComplete(this.#head) ? this.#begin()(this.#head, true) : "";
  }

  /**
   * Decodes the rest of the text.
   * @throws DocumentRefused unsupported-encoding, or malformed-xml if the text ends inside of a character
   */
  finish(): string {
    if (this.#decode !== undefined) return this.#decode(new Uint8Array(), false);
    const decode = this.#begin();
    return decode(this.#head, true) + decode(new Uint8Array(), false);
  }

  /**
   * Compares the encoding that the parser found in the declaration with the one by which the bytes were decoded.
   * @param declared undefined if the declaration names none
   * @throws DocumentRefused unsupported-encoding
   */
  checkDeclared(declared: string | undefined): void {
    if (declared?.toLowerCase() !== this.#declared) throw contradicts();
  }

  #begin(): Decode {
    const { encoding, marked } = detect(this.#head);
    this.#declared = declaredIn(this.#head, encoding);
    this.#decode = decoderOf(encoding, marked, this.#declared);
    return this.#decode;
  }
}

/** Whether the first bytes show the encoding: all of the declaration, if there is one. */
function isHeadComplete(head: Buffer): boolean {
  if (head.length < detectionBytes) return false;
  const text = head
    .toString("latin1")
    .replaceAll("\0", "")
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, "");
  const mayBeDeclaration = text.startsWith("<?xml") || "<?xml".startsWith(text);
  return !mayBeDeclaration || text.includes("?>") || head.length >= declarationBytes;
}

function detect(head: Buffer): { encoding: Utf; marked: boolean } {
  const begins = (...bytes: number[]): boolean => head.subarray(0, bytes.length).equals(Buffer.from(bytes));
  if (begins(0, 0, 0xfe, 0xff) || begins(0xff, 0xfe, 0, 0)) throw unsupported("the document is in UTF-32");
  if (begins(0xff, 0xfe)) return { encoding: "utf-16le", marked: true };
  if (begins(0xfe, 0xff)) return { encoding: "utf-16be", marked: true };
  if (begins(0x3c, 0)) return { encoding: "utf-16le", marked: false };
  if (begins(0, 0x3c)) return { encoding: "utf-16be", marked: false };
  return { encoding: "utf-8", marked: begins(0xef, 0xbb, 0xbf) };
}

/** The encoding that the XML declaration names, in lower case. */
function declaredIn(head: Buffer, encoding: Utf): string | undefined {
  const text = new TextDecoder(encoding).decode(head.subarray(0, declarationBytes));
  return /^<\?xml(?:\s[^>]*?)?\sencoding\s*=\s*["']([^"'>]*)["']/.exec(text)?.[1]?.toLowerCase();
}

function decoderOf(encoding: Utf, marked: boolean, declared: string | undefined): Decode {
  const fits = declared === undefined ? encoding === "utf-8" || marked : declarable[encoding].includes(declared);
  if (fits) return strictly(encoding);
  if (encoding !== "utf-8" || marked || declared === undefined) throw contradicts();
  // In ISO-8859-1 every byte is the character of its number. The Encoding Standard takes the name for windows-1252.
  if (latin1.has(declared)) return (bytes) => Buffer.from(bytes).toString("latin1");
  if (windows1252.has(declared)) return strictly("windows-1252");
  if (declarable["utf-16le"].includes(declared) || declared === "utf-16be" || isAsciiIn(declared)) return asciiOnly;
  throw contradicts();
}

function strictly(encoding: string): Decode {
  // The parser removes one byte order mark itself, so the decoder must keep it.
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, stream) => {
    try {
      return decoder.decode(bytes, { stream });
    } catch (error) {
      // All bytes before were valid, so only the rest of the last character is missing.
      if (!stream)
        throw new DocumentRefused("malformed-xml", "the document ends inside of a character", { cause: error });
      throw unsupported(
        "the document's bytes are not valid UTF-8, or not valid in the UTF-16 that they begin with",
        error,
      );
    }
  };
}

const asciiBytes = Uint8Array.from({ length: 0x80 }, (_, byte) => byte);

/** Whether an encoding writes every character of ASCII as its ASCII byte, whatever comes before it. */
function isAsciiIn(declared: string): boolean {
  try {
    return new TextDecoder(declared).decode(asciiBytes) === Buffer.from(asciiBytes).toString("latin1");
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const asciiOnly: Decode = (bytes) => {
  if (bytes.some((byte) => byte >= 0x80)) throw contradicts();
  return Buffer.from(bytes).toString("latin1");
};

function contradicts(): DocumentRefused {
  return unsupported("the document declares an encoding that its bytes do not have, or that the bridge does not read");
}

function unsupported(message: string, cause?: unknown): DocumentRefused {
  return new DocumentRefused("unsupported-encoding", message, { cause });
}
