import { hl7 } from "#ccd-retrieval/documents/c-cda/hl7-namespace.ts";
import { defaultLimits, type XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import { OutlineKeeper } from "#ccd-retrieval/documents/xml/outline.ts";
import { SecureXmlReader, type XmlElement, type XmlListener } from "#ccd-retrieval/documents/xml/secure-xml.ts";
import { html } from "#platform/html/html.ts";
import { documentHead, headShape } from "./document-head.ts";
import { EntryRows } from "./entry-rows.ts";
import { Narrative, type NarrativeParts } from "./narrative.ts";
import { NarrativeImages } from "./narrative-images.ts";
import { nullFlavorWords } from "./null-flavors.ts";
import { type ContentsLine, pageEnd, pagePolicy, pageStart } from "./page-frame.ts";
import { type PageSlot, PageText } from "./page-text.ts";
import { cdaName, ignored, type Place, textPlace } from "./place.ts";

/** A document as a page for people. */
export interface ReadablePage {
  /** HTML in UTF-8. It is also well-formed XML. */
  html: Buffer;
  /** The Content-Security-Policy that the page has as its first `meta` element, for the header. */
  policy: string;
}

/** Characters of the largest page. A narrative grows to twice its size at most, except for texts that need escaping. */
const largestPage = 128 * 1024 * 1024;

/**
 * Renders a clinical document as a page: its head, a table of contents, and the narrative of each section. A section without a
 * narrative shows the codes and values of its entries. The document is read once, as it arrives. Only the page is kept.
 * @throws DocumentRefused if the document is not well-formed, or breaks a limit
 * @throws PageTooLarge
 * @throws the errors of `chunks`
 */
export async function renderPage(
  chunks: AsyncIterable<Uint8Array>,
  limits: XmlLimits = defaultLimits.xml,
): Promise<ReadablePage> {
  const reader = new PageReader(limits);
  const xml = new SecureXmlReader(reader, limits);
  for await (const chunk of chunks) xml.push(chunk);
  xml.finish();
  return reader.finish();
}

/** Reads the head of a document into an outline, and writes its sections as they pass. */
class PageReader implements XmlListener {
  readonly #head: OutlineKeeper;
  readonly #images = new NarrativeImages();
  readonly #body = new PageText(largestPage);
  readonly #parts: NarrativeParts = {
    page: this.#body,
    images: this.#images,
    imageSlots: [],
    ids: new Set<string>(),
    footnotes: new Map<string, number>(),
  };
  readonly #contents: ContentsLine[] = [];
  readonly #places: Place[] = [];

  constructor(limits: XmlLimits) {
    this.#head = new OutlineKeeper({ namespace: hl7, name: "ClinicalDocument", shape: headShape }, limits.outlineChars);
  }

  open(element: XmlElement): boolean {
    const forHead = this.#head.open(element);
    const parent = this.#places.at(-1);
    const place = parent === undefined ? this.#document() : parent.open(element);
    this.#places.push(place);
    return forHead || place.text !== undefined;
  }

  text(piece: string): void {
    this.#head.text(piece);
    this.#places.at(-1)?.text?.(piece);
  }

  close(): void {
    this.#head.close();
    this.#places.pop()?.close?.();
  }

  finish(): ReadablePage {
    const page = new PageText(largestPage);
    for (const { id, slot } of this.#parts.imageSlots) slot.html = this.#images.show(id);
    const hasImages = this.#images.any;
    page.write(pageStart(documentHead(this.#head.root), this.#contents, hasImages).toString());
    return {
      html: Buffer.concat([page.toBuffer(), this.#body.toBuffer(), Buffer.from(pageEnd)]),
      policy: pagePolicy(hasImages),
    };
  }

  #document(): Place {
    return within("component", () => ({
      open: (element) => {
        const name = cdaName(element);
        if (name === "structuredBody") return this.#sections(1);
        if (name === "nonXMLBody")
          this.#body.write(
            '<p class="notice">This document has no sections: its content is a file inside of the XML.</p>',
          );
        return ignored;
      },
    }));
  }

  #sections(level: number): Place {
    return within("component", () => within("section", (element) => this.#section(element, level)));
  }

  #section(element: XmlElement, level: number): Place {
    const section = new SectionWriter(element, level, this.#parts, this.#contents);
    return {
      open: (child) => {
        switch (cdaName(child)) {
          case "title":
            return textPlace((text) => section.setTitle(text));
          case "code":
            section.setTitleOfCode(child.attributes().get("displayName"));
            return ignored;
          case "text":
            return section.narrative();
          case "entry":
            return section.entry();
          case "component":
            section.endContent();
            return within("section", (inner) => this.#section(inner, level + 1));
          default:
            return ignored;
        }
      },
      close: () => section.end(),
    };
  }
}

/** A place of which only the child elements with this name matter. */
function within(name: string, inside: (element: XmlElement) => Place): Place {
  return { open: (element) => (cdaName(element) === name ? inside(element) : ignored) };
}

const entriesStart =
  '<p class="notice">This section has no narrative text. The table shows the codes and values of its entries.</p>' +
  '<div class="scroll" tabindex="0"><table><thead><tr><th>What</th><th>Value</th><th>When</th><th>Status</th></tr></thead><tbody>';

/** Writes one section. Its title is written at its end, wherever the document has it. */
class SectionWriter {
  readonly #level: number;
  readonly #parts: NarrativeParts;
  readonly #contents: ContentsLine[];
  readonly #nullFlavor: string | undefined;
  readonly #narrative: Narrative;
  readonly #entries: EntryRows;
  #title = "";
  #titleOfCode = "";
  #line: ContentsLine | undefined;
  #heading: PageSlot | undefined;
  #tableIsOpen = false;
  #hadEntries = false;
  #contentEnded = false;

  constructor(element: XmlElement, level: number, parts: NarrativeParts, contents: ContentsLine[]) {
    this.#level = level;
    this.#parts = parts;
    this.#contents = contents;
    this.#nullFlavor = element.attributes().get("nullFlavor");
    this.#narrative = new Narrative(parts);
    this.#entries = new EntryRows(parts.images);
  }

  setTitle(text: string): void {
    this.#title ||= text;
  }

  setTitleOfCode(displayName: string | undefined): void {
    this.#titleOfCode ||= displayName?.trim() ?? "";
  }

  /** The section's narrative block. */
  narrative(): Place {
    this.#begin();
    const { page } = this.#parts;
    page.write('<div class="narrative">');
    const root = this.#narrative.root();
    return { ...root, close: () => page.write("</div>") };
  }

  /** One of the section's entries. */
  entry(): Place {
    if (this.#narrative.hasText) return this.#entries.entryWithNarrative();
    this.#begin();
    const { page } = this.#parts;
    if (!this.#tableIsOpen) page.write(entriesStart);
    this.#tableIsOpen = true;
    this.#hadEntries = true;
    return { ...this.#entries.entry(), close: () => page.write(this.#entries.takeHtml()) };
  }

  /** Ends what the section says itself, before the sections inside of it. */
  endContent(): void {
    this.#begin();
    const { page } = this.#parts;
    if (this.#tableIsOpen) page.write("</tbody></table></div>");
    this.#tableIsOpen = false;
    if (this.#contentEnded) return;
    this.#contentEnded = true;
    if (this.#nullFlavor !== undefined)
      page.write(html`<p class="note">The section is marked: ${nullFlavorWords(this.#nullFlavor)}.</p>`.toString());
    else if (!this.#narrative.hasText && !this.#hadEntries)
      page.write('<p class="note">This section has no content.</p>');
  }

  end(): void {
    this.endContent();
    const title = this.#title || this.#titleOfCode || "Section without a title";
    if (this.#line !== undefined) this.#line.title = title;
    if (this.#heading !== undefined) this.#heading.html = html`${title}`.toString();
    this.#parts.page.write("</section>");
  }

  #begin(): void {
    if (this.#line !== undefined) return;
    this.#line = { id: `section-${this.#contents.length + 1}`, level: this.#level, title: "" };
    this.#contents.push(this.#line);
    const tag = `h${Math.min(this.#level + 1, 6)}`;
    const { page } = this.#parts;
    page.write(`<section id="${this.#line.id}"><${tag}>`);
    this.#heading = page.slot();
    page.write(`</${tag}>`);
  }
}
