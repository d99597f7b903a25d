import { hl7 } from "#ccd-retrieval/documents/c-cda/hl7-namespace.ts";
import type { XmlElement } from "#ccd-retrieval/documents/xml/secure-xml.ts";
import { escapeHtml } from "#platform/html/html.ts";
import { addressText, cellAttributes, classAttribute, linkTo, pageId } from "./narrative-attributes.ts";
import type { NarrativeImages } from "./narrative-images.ts";
import type { PageSlot, PageText } from "./page-text.ts";
import type { Place } from "./place.ts";

/** What may stand inside of an element of the page: HTML moves or drops whatever stands elsewhere. */
type Inside = "flow" | "list" | "table" | "rows" | "row";

/** What puts text and other flow content where HTML allows only items, rows or cells. */
const aroundFlow: Readonly<Record<Inside, readonly [string, string]>> = {
  flow: ["", ""],
  list: ["<li>", "</li>"],
  table: ["<tbody><tr><td>", "</td></tr></tbody>"],
  rows: ["<tr><td>", "</td></tr>"],
  row: ["<td>", "</td>"],
};

/** Where the parts of lists and tables may stand, and what has to be around them there. Elsewhere they become blocks. */
const aroundParts: Readonly<Record<string, Partial<Record<Inside, readonly [string, string]>>>> = {
  li: { list: ["", ""] },
  caption: { table: ["", ""] },
  thead: { table: ["", ""] },
  tbody: { table: ["", ""] },
  tfoot: { table: ["", ""] },
  tr: { rows: ["", ""], table: ["<tbody>", "</tbody>"] },
  td: { row: ["", ""], rows: ["<tr>", "</tr>"], table: ["<tbody><tr>", "</tr></tbody>"] },
  th: { row: ["", ""], rows: ["<tr>", "</tr>"], table: ["<tbody><tr>", "</tr></tbody>"] },
};

const insideOf: Readonly<Record<string, Inside>> = {
  ul: "list",
  ol: "list",
  table: "table",
  thead: "rows",
  tbody: "rows",
  tfoot: "rows",
  tr: "row",
};

/** Elements of HTML that EHRs write in a narrative, although it has others for them. */
const sameAs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["p", "div", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"].map((n) => [n, "paragraph"]),
  ),
  li: "item",
  a: "linkHtml",
  span: "content",
  img: "renderMultiMedia",
};
const htmlStyles: Readonly<Record<string, string>> = {
  b: "Bold",
  strong: "Bold",
  i: "Italics",
  em: "Italics",
  u: "Underline",
};

const xhtml = "http://www.w3.org/1999/xhtml";

/** What the narratives of one document share. */
export interface NarrativeParts {
  page: PageText;
  images: NarrativeImages;
  /** The places of images, whose HTML becomes known when the document has ended. */
  imageSlots: { id: string; slot: PageSlot }[];
  /** The ids that are taken. */
  ids: Set<string>;
  /** The numbers of the footnotes, by their ids. */
  footnotes: Map<string, number>;
}

/**
 * Writes a narrative block as HTML. Only the elements, classes and attributes that this file names ever reach the page. Every
 * text is escaped. An unknown element has no effect, but its text stays. Elements that stand where HTML does not allow them
 * are put into cells or items, so that a browser builds the tree that is written here.
 *
 * A link to another place of the document works. Any other link is text with its address behind it: a page of a patient must
 * not lead to addresses that a document chose.
 *
 * Source: CDA R2, 4.3.5 (section narrative block), schema NarrativeBlock.xsd; HTML Standard, 13.2.6 (tree construction).
 */
export class Narrative {
  readonly #parts: NarrativeParts;
  #openLinks = 0;
  #hasText = false;

  constructor(parts: NarrativeParts) {
    this.#parts = parts;
  }

  /** Whether there is anything to see: text, or an image. */
  get hasText(): boolean {
    return this.#hasText;
  }

  /** The content of `text`. */
  root(): Place {
    return this.#place("flow", () => undefined);
  }

  #place(inside: Inside, close: () => void): Place {
    return {
      open: (element) => this.#open(inside, element),
      text: (piece) => this.#text(inside, piece),
      close,
    };
  }

  #text(inside: Inside, piece: string): void {
    const isBlank = piece.trim() === "";
    if (!isBlank) this.#hasText = true;
    if (isBlank && inside !== "flow") return;
    const [before, after] = aroundFlow[inside];
    this.#parts.page.write(`${before}${escapeHtml(piece)}${after}`);
  }

  #open(inside: Inside, element: XmlElement): Place {
    const name = [hl7, xhtml].includes(element.namespace) ? element.name : "";
    const attributes = element.attributes();
    if (Object.hasOwn(htmlStyles, name)) return this.#element(inside, "span", attributes, [htmlStyles[name] ?? ""]);
    switch (Object.hasOwn(sameAs, name) ? sameAs[name] : name) {
      case "paragraph":
        return this.#element(inside, "div", attributes, ["paragraph"]);
      case "content":
        return this.#element(inside, "span", attributes);
      case "sub":
      case "sup":
      case "ul":
      case "ol":
        return this.#element(inside, name, attributes);
      case "list":
        return this.#element(inside, attributes.get("listType") === "ordered" ? "ol" : "ul", attributes);
      case "item":
        return this.#element(inside, "li", attributes);
      case "caption":
      case "thead":
      case "tbody":
      case "tfoot":
      case "tr":
        return this.#element(inside, name, attributes);
      case "td":
      case "th":
        return this.#element(inside, name, attributes, [], cellAttributes(attributes, name === "th"));
      case "table":
        return this.#table(inside, attributes);
      case "br":
        this.#write(inside, "<br/>");
        return this.#place(inside, () => undefined);
      case "linkHtml":
        return this.#link(inside, attributes);
      case "footnote":
        return this.#footnote(inside, attributes);
      case "footnoteRef":
        return this.#footnoteRef(inside, attributes);
      case "renderMultiMedia":
        return this.#multiMedia(inside, attributes);
      default:
        return this.#place(inside, () => undefined);
    }
  }

  /** Writes flow content. */
  #write(inside: Inside, html: string): void {
    const [before, after] = aroundFlow[inside];
    this.#parts.page.write(`${before}${html}${after}`);
  }

  #element(
    inside: Inside,
    name: string,
    attributes: ReadonlyMap<string, string>,
    classes: readonly string[] = [],
    more = "",
  ): Place {
    const { page } = this.#parts;
    const part = aroundParts[name];
    const isPlaced = part === undefined || part[inside] !== undefined;
    const tag = isPlaced ? name : "div";
    const [before, after] = part?.[inside] ?? aroundFlow[inside];
    const own = isPlaced ? classes : [...classes, name === "caption" ? "caption" : "paragraph"];
    const head = `${this.#id(attributes)}${classAttribute(attributes, own)}${isPlaced ? more : ""}`;
    page.write(`${before}<${tag}${head}>`);
    return this.#place(insideOf[tag] ?? "flow", () => page.write(`</${tag}>${after}`));
  }

  /** A table in a frame that scrolls, so that a wide one is readable on a phone and by keyboard. */
  #table(inside: Inside, attributes: ReadonlyMap<string, string>): Place {
    const { page } = this.#parts;
    const [before, after] = aroundFlow[inside];
    page.write(`${before}<div class="scroll" tabindex="0"><table${this.#id(attributes)}${classAttribute(attributes)}>`);
    return this.#place("table", () => page.write(`</table></div>${after}`));
  }

  #link(inside: Inside, attributes: ReadonlyMap<string, string>): Place {
    const { page } = this.#parts;
    const [before, after] = aroundFlow[inside];
    const href = attributes.get("href")?.trim() ?? "";
    const target = href.startsWith("#") ? pageId(href.slice(1)) : undefined;
    // HTML closes a link at the start of the next one.
    if (target !== undefined && this.#openLinks === 0) {
      this.#openLinks += 1;
      page.write(`${before}${linkTo(target)}`);
      return this.#place("flow", () => {
        this.#openLinks -= 1;
        page.write(`</a>${after}`);
      });
    }
    const address = addressText(href);
    page.write(`${before}<span${this.#id(attributes)}>`);
    return this.#place("flow", () => {
      if (address !== undefined) {
        this.#hasText = true;
        page.write(`<span class="address"> (${escapeHtml(address)})</span>`);
      }
      page.write(`</span>${after}`);
    });
  }

  #footnote(inside: Inside, attributes: ReadonlyMap<string, string>): Place {
    const { page } = this.#parts;
    const [before, after] = aroundFlow[inside];
    const number = this.#footnoteNumber(pageId(attributes.get("ID")));
    const mark = number === undefined ? "Note" : `Note ${number}`;
    page.write(`${before}<span${this.#id(attributes)}${classAttribute(attributes, ["footnote"])}>[${mark}: `);
    return this.#place("flow", () => page.write(`]</span>${after}`));
  }

  #footnoteRef(inside: Inside, attributes: ReadonlyMap<string, string>): Place {
    const target = pageId(attributes.get("IDREF"));
    const number = this.#footnoteNumber(target);
    if (target !== undefined && number !== undefined) {
      const mark = `Note ${number}`;
      const linked = this.#openLinks === 0 ? `${linkTo(target)}${mark}</a>` : mark;
      this.#write(inside, `<sup>[${linked}]</sup>`);
    }
    return this.#place(inside, () => undefined);
  }

  #footnoteNumber(id: string | undefined): number | undefined {
    if (id === undefined) return undefined;
    const { footnotes } = this.#parts;
    const number = footnotes.get(id) ?? footnotes.size + 1;
    footnotes.set(id, number);
    return number;
  }

  #multiMedia(inside: Inside, attributes: ReadonlyMap<string, string>): Place {
    const { page, imageSlots } = this.#parts;
    const [before, after] = aroundFlow[inside];
    page.write(`${before}<span${this.#id(attributes)}${classAttribute(attributes, ["media"])}>`);
    for (const reference of (attributes.get("referencedObject") ?? "").split(/\s+/)) {
      const id = pageId(reference);
      if (id === undefined) continue;
      this.#hasText = true;
      imageSlots.push({ id, slot: page.slot() });
    }
    return this.#place("flow", () => page.write(`</span>${after}`));
  }

  #id(attributes: ReadonlyMap<string, string>): string {
    const id = pageId(attributes.get("ID"));
    const { ids } = this.#parts;
    if (id === undefined || ids.has(id)) return "";
    ids.add(id);
    return ` id="${escapeHtml(id)}"`;
  }
}
