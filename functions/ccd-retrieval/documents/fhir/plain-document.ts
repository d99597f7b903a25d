import { createHash } from "node:crypto";
import { hl7 } from "#ccd-retrieval/documents/c-cda/hl7-namespace.ts";
import { defaultLimits, type XmlLimits } from "#ccd-retrieval/documents/limits.ts";
import { SecureXmlReader, type XmlElement, type XmlListener } from "#ccd-retrieval/documents/xml/secure-xml.ts";
import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";
import { NarrativeTexts } from "./narrative-texts.ts";

/** A document as the converter reads it: rewritten by our own reader, which refuses unsafe XML. */
export interface PlainDocument {
  /**
   * The document without its narrative and without elements of other namespaces. HL7's elements have no prefix, and those of
   * `urn:hl7-org:sdtc` have `sdtc:`. A reference to a narrative is replaced by the text that it refers to.
   */
  xml: string;
  /** The sections of the body, in order. A section inside of a section counts for the outer one. */
  sections: SectionEntries[];
  /** The year of the document's `effectiveTime`; "" if it has none. */
  year: string;
  hasAuthor: boolean;
  /** SHA-256 of `xml`, in hexadecimal. */
  digest: string;
}

export interface SectionEntries {
  title: string | null;
  /** How many entries the document has in this section. */
  entries: number;
  /** How many observations have a value of a type that the converter does not read. */
  unreadValues: number;
}

/** The namespace of the extensions of C-CDA. */
const sdtc = "urn:hl7-org:sdtc";

/** The name space of `urn:uuid:` ids, in the place of a root. `fhir-bundle.ts` makes it an identifier's system. */
export const uriRoot = "urn:ietf:rfc:3986";

/** Characters of the largest document that is converted, without its narrative. The converter keeps some 20 bytes for each. */
const mostChars = 8 * 1024 * 1024;

/** The types of an observation's value that the converter reads. It leaves out any other. */
const readTypes: ReadonlySet<string> = new Set(["PQ", "CO", "CD", "CE", "ST", "INT"]);

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/**
 * Rewrites a clinical document for the converter, as it arrives.
 * @throws DocumentRefused if the document is not well-formed, or breaks a limit
 * @throws NotConvertible if it is too large
 * @throws the errors of `chunks`
 */
export async function readPlainDocument(
  chunks: AsyncIterable<Uint8Array>,
  limits: XmlLimits = defaultLimits.xml,
): Promise<PlainDocument> {
  const writer = new PlainWriter(limits);
  const reader = new SecureXmlReader(writer, limits);
  for await (const chunk of chunks) reader.push(chunk);
  reader.finish();
  const xml = writer.finish();
  const { sections, year, hasAuthor } = writer;
  return { xml, sections, year, hasAuthor, digest: createHash("sha256").update(xml).digest("hex") };
}

/** An element that is open. */
interface OpenElement {
  /** Its name in the rewritten text; "" if it is not written. */
  name: string;
  /** Its name with those of its ancestors. */
  path: string;
  kind: "written" | "narrative" | "skipped";
}

const body = "/ClinicalDocument/component/structuredBody/component/section";

/** Writes the elements that the converter reads, and counts the entries of each section. */
class PlainWriter implements XmlListener {
  readonly sections: SectionEntries[] = [];
  year = "";
  hasAuthor = false;
  readonly #narratives: NarrativeTexts;
  readonly #parts: string[] = [];
  readonly #open: OpenElement[] = [];
  #chars = 0;

  constructor(limits: XmlLimits) {
    this.#narratives = new NarrativeTexts(limits.outlineChars);
  }

  open(element: XmlElement): boolean {
    const parent = this.#open.at(-1);
    const opened = this.#place(element, parent);
    this.#open.push(opened);
    if (opened.kind === "narrative") return this.#narratives.open(element.attributes());
    if (opened.kind === "skipped") return false;
    this.#count(opened.path, element);
    if (opened.path === "/ClinicalDocument/author") this.hasAuthor = true;
    if (opened.path === "/ClinicalDocument/effectiveTime")
      this.year = /^\d{4}/.exec(element.attributes().get("value") ?? "")?.[0] ?? "";
    const referred = this.#referredText(element, parent);
    if (referred !== undefined) {
      opened.name = "";
      this.#write(escaped(referred));
      return false;
    }
    this.#write(startTag(opened.name, element));
    return true;
  }

  text(piece: string): void {
    const opened = this.#open.at(-1);
    if (opened?.kind === "narrative") return this.#narratives.text(piece);
    if (opened?.path === `${body}/title`) this.#title(piece);
    this.#write(escaped(piece));
  }

  close(): void {
    const closed = this.#open.pop();
    if (closed?.kind === "narrative") this.#narratives.close();
    else if (closed?.kind === "written" && closed.name !== "") this.#write(`</${closed.name}>`);
  }

  finish(): string {
    return this.#parts.join("");
  }

  #place({ namespace, name }: XmlElement, parent: OpenElement | undefined): OpenElement {
    const path = `${parent?.path ?? ""}/${name}`;
    const isKnown = namespace === hl7 || namespace === sdtc;
    if (parent?.kind === "skipped" || !isKnown) return { name: "", path, kind: "skipped" };
    if (parent?.kind === "narrative" || (name === "text" && parent?.name === "section"))
      return { name: "", path, kind: "narrative" };
    return { name: namespace === sdtc ? `sdtc:${name}` : name, path, kind: "written" };
  }

  #count(path: string, element: XmlElement): void {
    if (path === body) this.sections.push({ title: null, entries: 0, unreadValues: 0 });
    const section = this.sections.at(-1);
    if (section === undefined || !path.startsWith(`${body}/`)) return;
    if (path.endsWith("/section/entry")) section.entries += 1;
    if (path.endsWith("/observation/value") && !isRead(element)) section.unreadValues += 1;
  }

  #title(piece: string): void {
    const section = this.sections.at(-1);
    if (section !== undefined) section.title = `${section.title ?? ""}${piece}`.replaceAll(/\s+/g, " ");
  }

  /** The text that an element refers to, if it is a `reference` of a text, and the narrative is known. */
  #referredText({ name, attributes }: XmlElement, parent: OpenElement | undefined): string | undefined {
    if (name !== "reference" || !["text", "originalText", "value"].includes(parent?.name ?? "")) return undefined;
    const value = attributes().get("value") ?? "";
    return value.startsWith("#") ? this.#narratives.find(value.slice(1)) : undefined;
  }

  #write(text: string): void {
    this.#chars += text.length;
    if (this.#chars > mostChars)
      throw new NotConvertible(`the document has more than ${mostChars} characters without its narrative`);
    this.#parts.push(text);
  }
}

function startTag(name: string, element: XmlElement): string {
  const attributes = new Map(element.attributes());
  if (name === "id") namedByUri(attributes);
  const type = readableType(element);
  // The converter logs a type that it does not read, and a document could put anything there.
  if (type !== undefined && (name !== "value" || readTypes.has(type))) attributes.set("xsi:type", type);
  return `<${name}${[...attributes].map(([key, value]) => ` ${key}="${escaped(value)}"`).join("")}>`;
}

/** The type of a value. Encapsulated text (ED) is read like a string (ST): ST is ED without markup in HL7's data types. */
function readableType(element: XmlElement): string | undefined {
  const type = element.schemaType();
  return type === "ED" && element.attributes().get("representation") !== "B64" ? "ST" : type;
}

function isRead(element: XmlElement): boolean {
  const type = readableType(element);
  return type === undefined || readTypes.has(type) || element.attributes().has("nullFlavor");
}

/**
 * The converter takes a root that is a UUID for the id of the resource, and loses it as an identifier. Documents repeat such roots, so
 * two resources would have one id.
 */
function namedByUri(attributes: Map<string, string>): void {
  const root = attributes.get("root") ?? "";
  if (!uuid.test(root) || attributes.has("extension")) return;
  attributes.set("root", uriRoot);
  attributes.set("extension", `urn:uuid:${root.toLowerCase()}`);
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? "");
