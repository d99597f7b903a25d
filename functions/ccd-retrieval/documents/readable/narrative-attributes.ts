import { escapeHtml } from "#platform/html/html.ts";

/*
 * The attributes that a narrative may have in a page. Values are written by us, or they are checked numbers and names.
 * Source: C-CDA R2.1 and CDA R2, 4.3.5 (narrative block), schema NarrativeBlock.xsd.
 */

type Attributes = ReadonlyMap<string, string>;

/** The codes of `styleCode` that have a meaning. Each is a class of the page's style sheet. */
export const styleClasses: ReadonlySet<string> = new Set([
  "Bold",
  "Underline",
  "Italics",
  "Emphasis",
  "Lrule",
  "Rrule",
  "Toprule",
  "Botrule",
  "Arabic",
  "LittleRoman",
  "BigRoman",
  "LittleAlpha",
  "BigAlpha",
  "Disc",
  "Circle",
  "Square",
]);

/** Attributes of tables and cells whose values become classes. */
export const valueClasses: Readonly<Record<string, readonly string[]>> = {
  rules: ["none", "groups", "rows", "cols", "all"],
  align: ["left", "center", "right", "justify"],
  valign: ["top", "middle", "bottom", "baseline"],
};

const scopes: ReadonlySet<string> = new Set(["row", "col", "rowgroup", "colgroup"]);

/** Ids of a document get a prefix, so that none is an id of the page itself. */
const idPrefix = "doc-";
const idForm = /^[\p{L}_][\p{L}\p{N}_.:-]{0,199}$/u;

/** The id in the page of an id of the document; undefined if it is not in the form of an XML id. */
export function pageId(id: string | undefined): string | undefined {
  const trimmed = id?.trim() ?? "";
  return idForm.test(trimmed) ? `${idPrefix}${trimmed}` : undefined;
}

/** The classes of an element, as an attribute. `own` are names of the page's style sheet. */
export function classAttribute(attributes: Attributes, own: readonly string[] = []): string {
  const styles = (attributes.get("styleCode") ?? "").split(/\s+/).filter((code) => styleClasses.has(code));
  const values = Object.entries(valueClasses).flatMap(([name, known]) => {
    const value = attributes.get(name)?.trim().toLowerCase() ?? "";
    return known.includes(value) ? [`${name}-${value}`] : [];
  });
  const classes = [...new Set([...own, ...styles, ...values])];
  return classes.length === 0 ? "" : ` class="${classes.join(" ")}"`;
}

/** The spans and the scope of a cell. */
export function cellAttributes(attributes: Attributes, isHeading: boolean): string {
  const spans = ["colspan", "rowspan"].map((name) => {
    const value = attributes.get(name)?.trim() ?? "";
    return /^[1-9]\d{0,2}$/.test(value) ? ` ${name}="${value}"` : "";
  });
  const scope = attributes.get("scope")?.trim().toLowerCase() ?? "";
  return spans.join("") + (isHeading && scopes.has(scope) ? ` scope="${scope}"` : "");
}

/** A link to a place in the document, as the start of an element. */
export const linkTo = (id: string): string => `<a href="#${escapeHtml(id)}">`;

const longestAddress = 500;

/** An address outside of the document as text: nothing can be opened by a click. Undefined if people cannot use it either. */
export function addressText(href: string): string | undefined {
  const address = href.trim();
  return /^(?:https?|mailto|tel):/i.test(address) ? address.slice(0, longestAddress) : undefined;
}
