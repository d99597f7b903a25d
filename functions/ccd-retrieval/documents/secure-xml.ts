import { SaxesParser, type SaxesTagNS } from "saxes";
import { DocumentRefused, type RefusalReason } from "#ccd-retrieval/language/document-faults.ts";
import type { XmlLimits } from "./limits.ts";
import { XmlDecoder } from "./xml-decoder.ts";

/** The start of an element, its names resolved. */
export interface XmlElement {
  namespace: string;
  name: string;
  /** The attributes that stand in no namespace. Of most elements nobody asks. */
  attributes: () => ReadonlyMap<string, string>;
}

/** Told of a document's elements as they pass. */
export interface XmlListener {
  /** Answers whether the element's own text is wanted. Text that nobody wants is not kept. */
  open(element: XmlElement): boolean;
  /** A piece of the text of the innermost open element. */
  text(piece: string): void;
  close(): void;
}

const parserOptions = { xmlns: true, defaultXMLVersion: "1.0", forceXMLVersion: true } as const;

/** saxes without any entity but the five that XML defines. */
class StrictParser extends SaxesParser<typeof parserOptions> {
  constructor() {
    super(parserOptions);
    const predefined: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
    this.ENTITIES = new Proxy(predefined, {
      get: (table, name) => {
        if (typeof name === "string" && Object.hasOwn(table, name)) return table[name];
        throw this.refusal("undefined-entity", "the document refers to an entity that XML does not define");
      },
    });
  }

  /** A refusal that says where the parser is. */
  refusal(reason: RefusalReason, message: string): DocumentRefused {
    return new DocumentRefused(reason, `${message} (line ${this.line})`);
  }
}

/**
 * Reads XML as it arrives, and only XML that means what it says: no document type, so no entities but the five predefined
 * and characters by number, and nothing to fetch or expand; XML 1.0; UTF-8 or UTF-16; well-formed to its end, namespaces
 * included. Processing instructions and schema locations are read over and never followed.
 *
 * Memory is bounded by `limits`, whatever the document: what is neither markup nor wanted text is not kept at all.
 *
 * saxes does the parsing: it streams, checks well-formedness and namespaces, and never expands entities of its own.
 * @see https://www.w3.org/TR/xml/ and https://cheatsheetseries.owasp.org/cheatsheets/XML_Security_Cheat_Sheet.html
 */
export class SecureXmlReader {
  readonly #limits: XmlLimits;
  readonly #listener: XmlListener;
  readonly #decoder = new XmlDecoder();
  readonly #parser = new StrictParser();
  /** For each open element, whether its text is wanted. */
  readonly #wanted: boolean[] = [];
  /** Whether the parser tells of text. */
  #telling = false;
  #attributes = 0;
  #encoding: string | undefined;
  /** Characters given to the parser before the present chunk. */
  #given = 0;
  /** Where the last complete piece of markup ended, counted from the document's first character. */
  #markupEnd = 0;
  /** Where the piece of markup began that has not ended yet. */
  #markupStart: number | undefined;

  constructor(listener: XmlListener, limits: XmlLimits) {
    this.#listener = listener;
    this.#limits = limits;
    this.#listen();
  }

  /**
   * Reads the next bytes of the document.
   * @throws DocumentRefused, and whatever the listener throws
   */
  push(bytes: Uint8Array): void {
    this.#give(this.#decoder.push(bytes));
  }

  /**
   * Ends the document.
   * @throws DocumentRefused, and whatever the listener throws
   */
  finish(): void {
    this.#give(this.#decoder.finish());
    this.#parser.close();
  }

  #give(text: string): void {
    this.#parser.write(text);
    this.#boundPending(text);
    this.#given += text.length;
  }

  /** Bounds what the parser keeps: markup that has not ended, and text that is wanted. */
  #boundPending(chunk: string): void {
    if (this.#markupEnd > this.#given) this.#markupStart = undefined;
    if (this.#markupStart === undefined) {
      const at = chunk.indexOf("<", Math.max(0, this.#markupEnd - this.#given));
      if (at !== -1) this.#markupStart = this.#given + at;
    }
    const keptFrom = this.#wanted.at(-1) === true ? this.#markupEnd : this.#markupStart;
    if (keptFrom !== undefined && this.#given + chunk.length - keptFrom > this.#limits.markupChars) {
      throw this.#parser.refusal(
        "markup-too-long",
        `a tag, comment or text has more than ${this.#limits.markupChars} characters`,
      );
    }
  }

  #listen(): void {
    const parser = this.#parser;
    parser.on("error", () => {
      // The parser's own message quotes the document, which is PHI.
      throw parser.refusal("malformed-xml", "the document is not well-formed XML");
    });
    parser.on("doctype", () => {
      throw parser.refusal("document-type", "the document has a document type declaration");
    });
    parser.on("xmldecl", ({ version, encoding }) => {
      if (version !== "1.0") throw parser.refusal("unsupported-xml-version", "the document is not in XML 1.0");
      this.#encoding = encoding;
      this.#markupEnds();
    });
    parser.on("attribute", () => {
      this.#attributes += 1;
      if (this.#attributes > this.#limits.attributes) {
        throw parser.refusal("too-many-attributes", `an element has more than ${this.#limits.attributes} attributes`);
      }
    });
    parser.on("opentag", (tag) => this.#open(tag));
    parser.on("closetag", () => this.#close());
    parser.on("cdata", (text) => {
      if (this.#wanted.at(-1) === true) this.#listener.text(text);
      this.#markupEnds();
    });
    parser.on("comment", () => this.#markupEnds());
    parser.on("processinginstruction", () => this.#markupEnds());
    // V8 makes a dictionary of an object that so many fields were added to, and fields again of a prototype's: reading is
    // four times as fast.
    Object.setPrototypeOf({}, parser);
  }

  #open(tag: SaxesTagNS): void {
    if (this.#wanted.length === 0) this.#decoder.checkDeclared(this.#encoding);
    if (this.#wanted.length >= this.#limits.depth) {
      throw this.#parser.refusal("too-deep", `the document nests more than ${this.#limits.depth} elements`);
    }
    const element = { namespace: tag.uri, name: tag.local, attributes: () => plainAttributes(tag) };
    this.#wanted.push(this.#listener.open(element));
    this.#attributes = 0;
    this.#markupEnds();
  }

  #close(): void {
    this.#listener.close();
    this.#wanted.pop();
    this.#markupEnds();
  }

  #markupEnds(): void {
    this.#markupEnd = this.#parser.position;
    const wanted = this.#wanted.at(-1) === true;
    if (wanted === this.#telling) return;
    this.#telling = wanted;
    // The parser keeps text only for whom it may tell of it.
    if (wanted) this.#parser.on("text", (text) => this.#listener.text(text));
    else this.#parser.off("text");
  }
}

function plainAttributes(tag: SaxesTagNS): Map<string, string> {
  const plain = Object.values(tag.attributes).filter(({ uri }) => uri === "");
  return new Map(plain.map(({ local, value }) => [local, value]));
}
