import { SaxesParser, type SaxesTagNS } from "saxes";
import type { XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import { DocumentRefused, type RefusalReason } from "#ccd-retrieval/language/document-faults.ts";
import { XmlDecoder } from "./xml-decoder.ts";

/** The start of an element, with its names resolved. */
export interface XmlElement {
  namespace: string;
  name: string;
  /** Returns the attributes without a namespace. It is a function because few elements need them. */
  attributes: () => ReadonlyMap<string, string>;
  /** Returns the local name that the attribute `xsi:type` gives; undefined if the element has none. */
  schemaType: () => string | undefined;
}

/** Receives a document's elements as they pass. */
export interface XmlListener {
  /** Returns whether the element's own text is wanted. Other text is not kept. */
  open(element: XmlElement): boolean;
  /** A piece of the text of the innermost open element. */
  text(piece: string): void;
  close(): void;
}

const parserOptions = { xmlns: true, defaultXMLVersion: "1.0", forceXMLVersion: true } as const;

/** saxes with only the five entities that XML predefines. */
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

  /** A refusal with the parser's line. */
  refusal(reason: RefusalReason, message: string): DocumentRefused {
    return new DocumentRefused(reason, `${message} (line ${this.line})`);
  }
}

/**
 * Reads XML as it arrives, and refuses unsafe XML. A document type is refused, so the only entities are the five predefined
 * ones and numeric characters, and there is nothing to fetch or expand. The document must be XML 1.0, in UTF-8 or UTF-16, and
 * well-formed to its end, including its namespaces. Processing instructions and schema locations are skipped, never followed.
 *
 * `limits` bounds the memory for every document: only unfinished markup and wanted text are kept.
 *
 * saxes does the parsing: it streams, checks well-formedness and namespaces, and expands no entities that a document defines.
 * @see https://www.w3.org/TR/xml/ and https://cheatsheetseries.owasp.org/cheatsheets/XML_Security_Cheat_Sheet.html
 */
export class SecureXmlReader {
  readonly #limits: XmlLimits;
  readonly #listener: XmlListener;
  readonly #decoder = new XmlDecoder();
  readonly #parser = new StrictParser();
  /** For each open element, whether its text is wanted. */
  readonly #wanted: boolean[] = [];
  /** Whether the parser reports text. */
  #reportsText = false;
  #attributes = 0;
  #encoding: string | undefined;
  /** Characters given to the parser before the current chunk. */
  #given = 0;
  /** The end of the last complete piece of markup, counted from the document's first character. */
  #markupEnd = 0;
  /** The start of the piece of markup that has not ended yet. */
  #markupStart: number | undefined;

  constructor(listener: XmlListener, limits: XmlLimits) {
    this.#listener = listener;
    this.#limits = limits;
    this.#listen();
  }

  /**
   * Reads the next bytes of the document.
   * @throws DocumentRefused, and the errors of the listener
   */
  push(bytes: Uint8Array): void {
    this.#give(this.#decoder.push(bytes));
  }

  /**
   * Ends the document.
   * @throws DocumentRefused, and the errors of the listener
   */
  finish(): void {
    this.#give(this.#decoder.finish());
    this.#parser.close();
  }

  #give(text: string): void {
    this.#parser.write(text);
    this.#limitPending(text);
    this.#given += text.length;
  }

  /** Limits what the parser keeps: unfinished markup, and wanted text. */
  #limitPending(chunk: string): void {
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
      // The parser's own message quotes the document, and that is PHI.
      throw parser.refusal("malformed-xml", "the document is not well-formed XML");
    });
    parser.on("doctype", () => {
      throw parser.refusal("document-type", "the document has a document type declaration");
    });
    parser.on("xmldecl", ({ version, encoding }) => {
      if (version !== "1.0") throw parser.refusal("unsupported-xml-version", "the document is not XML 1.0");
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
    // V8 turns an object with this many added fields into a dictionary. Using it as a prototype turns it back into fields, and
    // the parser reads four times as fast.
    Object.setPrototypeOf({}, parser);
  }

  #open(tag: SaxesTagNS): void {
    if (this.#wanted.length === 0) this.#decoder.checkDeclared(this.#encoding);
    if (this.#wanted.length >= this.#limits.depth) {
      throw this.#parser.refusal("too-deep", `the document nests more than ${this.#limits.depth} elements`);
    }
    const element = {
      namespace: tag.uri,
      name: tag.local,
      attributes: () => plainAttributes(tag),
      schemaType: () => schemaType(tag),
    };
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
    if (wanted === this.#reportsText) return;
    this.#reportsText = wanted;
    // The parser keeps text only while a listener for it is set.
    if (wanted) this.#parser.on("text", (text) => this.#listener.text(text));
    else this.#parser.off("text");
  }
}

function plainAttributes(tag: SaxesTagNS): Map<string, string> {
  const plain = Object.values(tag.attributes).filter(({ uri }) => uri === "");
  return new Map(plain.map(({ local, value }) => [local, value]));
}

const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

function schemaType(tag: SaxesTagNS): string | undefined {
  const type = Object.values(tag.attributes).find(({ uri, local }) => uri === schemaInstance && local === "type");
  return type?.value.trim().split(":").at(-1);
}
