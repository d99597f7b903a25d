import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmTable } from "micromark-extension-gfm-table";

/** A text that a person wrote, and its place in a file. */
export interface ProseText {
  text: string;
  /** A line number, or a path in JSON. */
  place: string;
}

/**
 * The paragraphs, headings and table cells of a page. Code is replaced by a word, so that a sentence keeps its form. A
 * quotation, such as the title of a test, is replaced as well.
 */
export function textsOfMarkdown(page: string): ProseText[] {
  const texts: ProseText[] = [];
  const visit = (node: Nodes): void => {
    if (node.type === "paragraph" || node.type === "heading" || node.type === "tableCell") {
      const text = wordsOf(node).replaceAll(/"[^"]*"|“[^”]*”/g, "Quotation");
      texts.push({ text, place: String(node.position?.start.line ?? 0) });
    } else if ("children" in node) {
      for (const child of node.children) visit(child);
    }
  };
  visit(fromMarkdown(page, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] }));
  return texts;
}

function wordsOf(node: Nodes): string {
  // The capital lets a sentence begin with code.
  if (node.type === "inlineCode" || isFileName(node)) return "Code";
  if (node.type === "text") return node.value;
  if (node.type === "html" || node.type === "break") return ". ";
  return "children" in node ? node.children.map(wordsOf).join("") : "";
}

/** Whether a link's text is the name of a file. */
const isFileName = (node: Nodes): boolean =>
  node.type === "link" && /^[\w/-]+(?:\.\w+)+$/.test(node.children.map(wordsOf).join(""));

/** The summaries and descriptions of an OpenAPI document or a JSON Schema, with their paths. */
export function textsOfJson(value: unknown, place = ""): ProseText[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = `${place}/${name}`;
    const isProse = ["description", "summary"].includes(name) && typeof inner === "string";
    return isProse ? textsOfMarkdown(inner).map(({ text }) => ({ text, place: at })) : textsOfJson(inner, at);
  });
}
