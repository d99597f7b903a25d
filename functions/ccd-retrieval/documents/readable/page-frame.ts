import { pageStyle, pageStyleSource } from "#ccd-retrieval/language/page-style.ts";
import { type Html, html, trustedHtml } from "#platform/html/html.ts";
import type { DocumentHead } from "./document-head.ts";

// A value in a template would be escaped, and the browser's hash would differ.
const styleElement = trustedHtml(`<style>${pageStyle}</style>`);

/** A heading of the page's table of contents. */
export interface ContentsLine {
  id: string;
  /** 1 for a section of the document, 2 for a section inside of it, and so on. */
  level: number;
  title: string;
}

/**
 * The Content-Security-Policy of a page: it loads nothing, and runs no script. Only its own style sheet applies.
 *
 * Source: Content Security Policy Level 3. A `meta` element may hold it, without `frame-ancestors`.
 */
export function pagePolicy(hasImages: boolean): string {
  return [
    "default-src 'none'",
    `style-src ${pageStyleSource}`,
    ...(hasImages ? ["img-src data:"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Everything of a page before its sections. The policy comes first, so that it holds for all that follows. */
export function pageStart(head: DocumentHead, contents: readonly ContentsLine[], hasImages: boolean): Html {
  const facts = head.facts.map(
    ({ label, values }) =>
      html`<dt>${label}</dt><dd>${values.map((value, place) => html`${place > 0 ? ", " : ""}${value}`)}</dd>`,
  );
  return html`<!DOCTYPE html>
<html lang="en">
<head><meta http-equiv="Content-Security-Policy" content="${pagePolicy(hasImages)}"/><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="robots" content="noindex"/><meta name="referrer" content="no-referrer"/><title>Clinical document</title>${styleElement}</head>
<body><header><h1>${head.title}</h1>
<p class="notice">This page was derived from the narrative of an HL7 C-CDA document, for reading. The document itself is the XML file.</p>
<dl>${facts}</dl></header>
${contentsList(contents)}
<main${head.language === undefined ? undefined : html` lang="${head.language}"`}>`;
}

function contentsList(contents: readonly ContentsLine[]): Html | undefined {
  if (contents.length === 0) return undefined;
  const lines = contents.map(
    ({ id, level, title }) =>
      html`<li class="depth-${String(Math.min(level - 1, 4))}"><a href="#${id}">${title}</a></li>`,
  );
  return html`<nav aria-label="Contents"><h2>Contents</h2><ul>${lines}</ul></nav>`;
}

/** The end of a page. */
export const pageEnd = "</main></body></html>\n";
